#include "bart/platform/folder_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <string>
#include <string_view>
#include <thread>

#include "bart/platform/error.h"
#include "descriptor.h"

namespace bart {
namespace {

/// The process id that the holder wrote into the file; "unknown" if it has not done so yet.
std::string process_id_in(int fd) {
  std::array<char, 32> text{};
  const ssize_t size = ::pread(fd, text.data(), text.size(), 0);
  const std::string_view all(text.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
  const std::string digits(all.substr(0, all.find_first_not_of("0123456789")));
  return digits.empty() ? "unknown" : digits;
}

}  // namespace

FolderLock::FolderLock(const std::filesystem::path& folder) {
  const std::filesystem::path path = folder / "lock";
  Descriptor fd = open_own_file(path, O_RDWR | O_CREAT);
  // A killed process keeps its locks until its memory is released, which takes some tenths of a second.
  int status = ::flock(fd.get(), LOCK_EX | LOCK_NB);
  for (int waits = 0; status != 0 && errno == EWOULDBLOCK && waits < 10; ++waits) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    status = ::flock(fd.get(), LOCK_EX | LOCK_NB);
  }
  if (status != 0 && errno == EWOULDBLOCK) {
    throw Error(fmt::format("{} is in use by the process {}: wait until it is done, or choose another folder",
                            folder.string(), process_id_in(fd.get())));
  }
  if (status != 0) {  // ENOSYS of Lustre, ENOLCK of NFS
    warning_ = fmt::format("cannot lock {} ({}): make sure that no other process writes into {}",
                           path.string(), std::strerror(errno), folder.string());
  }
  const std::string id = fmt::format("{}\n", ::getpid());
  if (::ftruncate(fd.get(), 0) != 0 || ::pwrite(fd.get(), id.data(), id.size(), 0) < 0) {
    fail("write", path, errno);
  }
  fd_ = fd.release();
}

FolderLock::~FolderLock() {
  ::close(fd_);
}

}  // namespace bart
