#pragma once

#include <filesystem>

namespace bart {

/// Keeps a folder to one process: a file "lock" in it, locked by flock(2) until this object goes, or the
/// process does, in whatever way. The file itself stays.
class FolderLock {
 public:
  /// Throws Error, with the process id of the one that has it, when another process (or another lock of this
  /// one) holds the folder.
  explicit FolderLock(const std::filesystem::path& folder);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int fd_;
};

}  // namespace bart
