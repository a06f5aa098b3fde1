#include "bart/platform/byte_store.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "bart/platform/error.h"
#include "bart/platform/huge_pages.h"
#include "descriptor.h"
#include "watched_mappings.h"

namespace bart {
namespace {

namespace fs = std::filesystem;

Descriptor opened(const fs::path& path, int flags) {
  // O_NONBLOCK: opening a FIFO must not wait.
  Descriptor fd(::open(path.c_str(), flags | O_CLOEXEC | O_NONBLOCK, 0666));
  if (fd.get() < 0) fail("open", path, errno);
  return fd;
}

std::size_t size_of_regular_file(int fd, const fs::path& path) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) fail("read", path, errno);
  if (!S_ISREG(status.st_mode)) {
    throw Error(fmt::format("cannot read {}: it is not a regular file", path.string()));
  }
  return static_cast<std::size_t>(status.st_size);
}

/// Grows the file and reserves the space on the disk, so that a full disk is noticed before the work. If the
/// file system cannot reserve space, a later write will fail.
void grow_file(int fd, std::size_t bytes, const fs::path& path) {
  int status = 0;
  do {
    status = ::fallocate(fd, 0, 0, static_cast<off_t>(bytes));
  } while (status != 0 && errno == EINTR);
  if (status != 0 && errno != EOPNOTSUPP && errno != ENOSYS) fail("write", path, errno);
  if (status != 0 && ::ftruncate(fd, static_cast<off_t>(bytes)) != 0) fail("write", path, errno);
}

}  // namespace

ByteStore ByteStore::in_memory(std::size_t bytes) {
  ByteStore store;
  if (bytes == 0) return store;
  void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {
    throw Error(fmt::format("cannot take {:.1f} GB of memory: {}", 1e-9 * static_cast<double>(bytes),
                            std::strerror(errno)));
  }
  prefer_huge_pages(memory, bytes);
  store.data_ = static_cast<std::uint8_t*>(memory);
  store.size_ = bytes;
  return store;
}

ByteStore ByteStore::in_unnamed_file(const fs::path& folder, std::size_t bytes) {
  // Not every file system has O_TMPFILE.
  int fd = ::open(folder.c_str(), O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
  if (fd < 0) {
    std::string pattern = (folder / ".bart-pixels-XXXXXX").string();
    fd = ::mkostemp(pattern.data(), O_CLOEXEC);
    if (fd < 0) fail("write into", folder, errno);
    ::unlink(pattern.c_str());
  }
  ByteStore store(fd, bytes, true, folder);
  store.when_lost(fmt::format("cannot read a file without a name in {}: its disk failed", folder.string()));
  return store;
}

ByteStore ByteStore::in_shared_memory(std::size_t bytes) {
  const fs::path name = "memory for the processes of this computer";
  const int fd = ::memfd_create("bart-pixels", MFD_CLOEXEC);
  if (fd < 0) fail("take", name, errno);
  return {fd, bytes, true, name};
}

ByteStore ByteStore::of_other_process(const fs::path& shared_path, std::size_t bytes) {
  // The other process may have opened a cache that can only be read.
  int fd = ::open(shared_path.c_str(), O_RDWR | O_CLOEXEC);
  if (fd < 0) fd = ::open(shared_path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) fail("open", shared_path, errno);
  ByteStore store(fd, 0, false, shared_path);
  if (store.size() != bytes) throw Error(fmt::format("{} is not what was shared", shared_path.string()));
  return store;
}

fs::path ByteStore::shared_path() const {
  return is_file() ? fs::path(fmt::format("/proc/{}/fd/{}", ::getpid(), fd_)) : fs::path();
}

ByteStore ByteStore::in_new_file(const fs::path& path, std::size_t bytes) {
  return {opened(path, O_RDWR | O_CREAT | O_EXCL).release(), bytes, true, path};
}

ByteStore ByteStore::in_grown_file(const fs::path& path, std::size_t bytes) {
  return {open_own_file(path, O_RDWR).release(), bytes, true, path};
}

ByteStore ByteStore::of_file(const fs::path& path) {
  return {opened(path, O_RDONLY).release(), 0, false, path};
}

ByteStore::ByteStore(int fd, std::size_t bytes, bool grow, const fs::path& path) : fd_(fd), path_(path) {
  try {
    size_ = size_of_regular_file(fd, path);
    if (grow && size_ < bytes) {
      grow_file(fd, bytes, path);
      size_ = bytes;
    }
    if (size_ == 0) return;
    void* memory = ::mmap(nullptr, size_, PROT_READ, MAP_SHARED, fd, 0);
    if (memory == MAP_FAILED) fail("read", path, errno);
    data_ = static_cast<std::uint8_t*>(memory);
    when_lost(fmt::format("cannot read {}: it was cut short, or its disk failed, while it was in use",
                          path.string()));
  } catch (...) {
    ::close(fd);
    throw;
  }
}

ByteStore::~ByteStore() {
  if (is_file() && data_ != nullptr) unwatch_mapping(data_);
  if (data_ != nullptr) ::munmap(data_, size_);
  if (fd_ >= 0) ::close(fd_);
}

ByteStore::ByteStore(ByteStore&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      fd_(std::exchange(other.fd_, -1)),
      path_(std::move(other.path_)) {}

ByteStore& ByteStore::operator=(ByteStore&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  std::swap(fd_, other.fd_);
  std::swap(path_, other.path_);
  return *this;
}

void ByteStore::write(std::size_t offset, std::span<const std::uint8_t> bytes) {
  if (offset > size_ || bytes.size() > size_ - offset) throw Error("a write beyond the end of a store");
  if (!is_file()) {
    std::memcpy(data_ + offset, bytes.data(), bytes.size());
    return;
  }
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0) {
      if (errno == EINTR) continue;
      fail("write", path_, errno);
    }
    bytes = bytes.subspan(static_cast<std::size_t>(written));
    offset += static_cast<std::size_t>(written);
  }
}

void ByteStore::sync() const {
  if (is_file()) sync_descriptor(fd_, "write", path_);
}

void ByteStore::when_lost(std::string_view sentence) {
  if (!is_file() || data_ == nullptr) return;
  unwatch_mapping(data_);
  watch_mapping(data_, size_, sentence);
}

void ByteStore::advise(std::size_t offset, std::size_t bytes, int advice) const {
  if (!is_file() || bytes == 0) return;
  static const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  const std::size_t first = offset / page * page;  // a mapping begins with a page
  ::madvise(data_ + first, offset + bytes - first, advice);
}

void ByteStore::expect_any_order() const {
  advise(0, size_, MADV_RANDOM);
}

void ByteStore::will_need(std::size_t offset, std::size_t bytes) const {
  advise(offset, bytes, MADV_WILLNEED);
}

void ByteStore::done_with(std::size_t offset, std::size_t bytes) const {
  advise(offset, bytes, MADV_DONTNEED);  // would erase a store in memory, but advise() leaves that alone
}

}  // namespace bart
