#include "bart/platform/copy_regular_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "descriptor.h"

namespace bart {
namespace {

namespace fs = std::filesystem;

/// Throws Error.
void copy_content(int source, const fs::path& from, int target, const fs::path& to) {
  std::vector<char> piece(1 << 20);
  for (;;) {
    const ssize_t read = ::read(source, piece.data(), piece.size());
    if (read < 0 && errno == EINTR) continue;
    if (read < 0) fail("read", from, errno);
    if (read == 0) return;
    for (ssize_t written = 0; written < read;) {
      const ssize_t more = ::write(target, piece.data() + written, static_cast<std::size_t>(read - written));
      if (more < 0 && errno == EINTR) continue;
      if (more < 0) fail("write", to, errno);
      written += more;
    }
  }
}

}  // namespace

void copy_regular_file(const fs::path& from, const fs::path& to) {
  const Descriptor source(::open(from.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat status {};
  if (source.get() < 0 || ::fstat(source.get(), &status) != 0) fail("open", from, errno);
  if (!S_ISREG(status.st_mode)) fail("copy", from, EINVAL);
  Descriptor target(::open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, status.st_mode & 0777));
  if (target.get() < 0) fail("write", to, errno);
  try {
    copy_content(source.get(), from, target.get(), to);
    // Some network file systems report only now that the disk is full.
    if (::close(target.release()) != 0) fail("write", to, errno);
  } catch (...) {
    ::unlink(to.c_str());
    throw;
  }
}

}  // namespace bart
