#include "descriptor.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "bart/platform/error.h"

namespace bart {

Descriptor::~Descriptor() {
  if (fd_ >= 0) ::close(fd_);
}

void fail(const char* what, const std::filesystem::path& path, int error) {
  throw Error(fmt::format("cannot {} {}: {}", what, path.string(), std::strerror(error)));
}

Descriptor open_own_file(const std::filesystem::path& path, int flags) {
  // O_NONBLOCK: opening a FIFO must not wait.
  Descriptor fd(::open(path.c_str(), flags | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0666));
  const bool is_link = fd.get() < 0 && errno == ELOOP;
  struct stat status {};
  if (fd.get() < 0 && !is_link && errno != ENXIO) fail("open", path, errno);
  if (fd.get() >= 0 && ::fstat(fd.get(), &status) != 0) fail("open", path, errno);
  if (!S_ISREG(status.st_mode)) {
    throw Error(fmt::format("cannot write {}: it is {}; remove it", path.string(),
                            is_link ? "a symbolic link" : "not a regular file"));
  }
  return fd;
}

void sync_descriptor(int fd, const char* what, const std::filesystem::path& path) {
  if (::fsync(fd) != 0 && errno != EINVAL && errno != ENOSYS && errno != EOPNOTSUPP) fail(what, path, errno);
}

}  // namespace bart
