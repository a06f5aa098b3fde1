#include "bart/platform/standard_streams.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "descriptor.h"

namespace bart {
namespace {

bool input_was_closed = false;

}  // namespace

bool standard_input_was_closed() {
  return input_was_closed;
}

void open_standard_streams() {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
    if (::fcntl(fd, F_GETFD) >= 0 || errno != EBADF) continue;
    // open(2) returns the lowest free number, which is this one. A folder refuses reads and writes and needs
    // no /dev; /dev/null would swallow results that the user wants on standard output.
    if (::open("/", O_RDONLY | O_DIRECTORY) != fd) fail("open", "/", errno);
    if (fd == STDIN_FILENO) input_was_closed = true;
  }
}

}  // namespace bart
