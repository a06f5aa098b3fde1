#pragma once

#include <filesystem>
#include <utility>

namespace bart {

/// An open file descriptor, closed at the end of its scope.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor();
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  Descriptor(Descriptor&& other) noexcept : fd_(other.release()) {}

  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

/// Throws Error: "cannot WHAT PATH: " and the system's reason for `error` (errno).
[[noreturn]] void fail(const char* what, const std::filesystem::path& path, int error);

/// Opens a file that BART itself maintains (a lock, a log, a cache) to change it in place; `flags` are those
/// of open(2) with O_WRONLY or O_RDWR. Throws Error if it is a symbolic link or anything but a regular file:
/// somebody may have put that there to have another file changed.
Descriptor open_own_file(const std::filesystem::path& path, int flags);

/// Calls fsync(2). A file system that cannot sync this kind of file answers EINVAL or the like, which is not
/// an error. Throws Error for every other failure.
void sync_descriptor(int fd, const char* what, const std::filesystem::path& path);

}  // namespace bart
