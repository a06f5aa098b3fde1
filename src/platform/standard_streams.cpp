#include "bart/platform/standard_streams.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "descriptor.h"

namespace bart {

void open_standard_streams() {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
    if (::fcntl(fd, F_GETFD) >= 0 || errno != EBADF) continue;
    // open(2) gives the lowest free number, which is this one. Not /dev/null, which would swallow results
    // that are asked for on standard output; a folder refuses reads and writes, and needs no /dev.
    if (::open("/", O_RDONLY | O_DIRECTORY) != fd) fail("open", "/", errno);
  }
}

}  // namespace bart
