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

namespace bart {
namespace {

/// The number in the file, as its holder wrote it; "unknown" while it has not yet.
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
  fd_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (fd_ < 0) throw Error(fmt::format("cannot open {}: {}", path.string(), std::strerror(errno)));
  const auto fail = [&](const std::string& sentence) {
    ::close(fd_);
    throw Error(sentence);
  };
  // A process that was killed keeps its locks until its memory is taken down: some tenths of a second.
  int status = ::flock(fd_, LOCK_EX | LOCK_NB);
  for (int waits = 0; status != 0 && errno == EWOULDBLOCK && waits < 10; ++waits) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    status = ::flock(fd_, LOCK_EX | LOCK_NB);
  }
  if (status != 0) {
    const int error = errno;
    if (error != EWOULDBLOCK) fail(fmt::format("cannot lock {}: {}", path.string(), std::strerror(error)));
    fail(fmt::format("{} is in use by the process {}: wait until it is done, or choose another folder",
                     folder.string(), process_id_in(fd_)));
  }
  const std::string id = fmt::format("{}\n", ::getpid());
  if (::ftruncate(fd_, 0) != 0 || ::pwrite(fd_, id.data(), id.size(), 0) < 0) {
    fail(fmt::format("cannot write {}: {}", path.string(), std::strerror(errno)));
  }
}

FolderLock::~FolderLock() {
  ::close(fd_);
}

}  // namespace bart
