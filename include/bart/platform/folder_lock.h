#pragma once

#include <filesystem>
#include <string>

namespace bart {

/// Keeps a folder to one process: a file "lock" in it, locked by flock(2) until this object is destroyed or
/// the process ends, in whatever way. The file itself stays.
class FolderLock {
 public:
  /// Throws Error, with the process id of the one that has it, when another process (or another lock of this
  /// one) holds the folder; also where "lock" is a symbolic link or no regular file.
  explicit FolderLock(const std::filesystem::path& folder);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

  /// A sentence where the file system has no flock(2), as Lustre without its option: then nothing keeps
  /// others out. Else empty.
  const std::string& warning() const { return warning_; }

 private:
  int fd_ = -1;
  std::string warning_;
};

}  // namespace bart
