#pragma once

#include <filesystem>
#include <string>

namespace bart {

/// Reserves a folder for one process by a file "lock" in it, which is locked with flock(2) until this object
/// is destroyed or the process ends, in whatever way. The file itself stays.
class FolderLock {
 public:
  /// Throws Error when another process (or another lock of this one) holds the folder, with the id of that
  /// process; also if "lock" is a symbolic link or anything but a regular file.
  explicit FolderLock(const std::filesystem::path& folder);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

  /// A sentence if the file system has no flock(2), as Lustre without its mount option, so that nothing keeps
  /// other processes out; else empty.
  const std::string& warning() const { return warning_; }

 private:
  int fd_ = -1;
  std::string warning_;
};

}  // namespace bart
