#include "bart/platform/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "bart/platform/error.h"
#include "bart/platform/huge_pages.h"
#include "bart/platform/threads.h"

namespace bart {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const char* what, const fs::path& path, int error) {
  throw Error(fmt::format("cannot {} {}: {}", what, path.string(), std::strerror(error)));
}

/// Stands between the name of a file that is being written and mkostemp's six characters.
constexpr std::string_view unfinished = ".unfinished-";

/// An open file descriptor, closed at the end of its scope.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

/// A file written beside its final place, removed unless it is renamed there.
class TemporaryFile {
 public:
  TemporaryFile() = default;
  explicit TemporaryFile(std::string path) : path_(std::move(path)) {}
  TemporaryFile(TemporaryFile&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  TemporaryFile& operator=(TemporaryFile&& other) noexcept {
    std::swap(path_, other.path_);
    return *this;
  }
  ~TemporaryFile() {
    if (!path_.empty()) ::unlink(path_.c_str());
  }

  bool written() const { return !path_.empty(); }
  void rename_to(const fs::path& path) {
    if (::rename(path_.c_str(), path.c_str()) != 0) fail("write", path, errno);
    path_.clear();
  }

 private:
  std::string path_;
};

/// umask(2) can only be read by setting it, which would race between threads: read once.
mode_t file_mode_mask() {
  static const mode_t mask = [] {
    const mode_t current = ::umask(0);
    ::umask(current);
    return current;
  }();
  return mask;
}

void write_all(int fd, std::span<const std::uint8_t> content, const fs::path& path) {
  while (!content.empty()) {
    const ssize_t written = ::write(fd, content.data(), content.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      fail("write", path, errno);
    }
    content = content.subspan(static_cast<std::size_t>(written));
  }
}

TemporaryFile write_aside(const fs::path& path, const fs::path& folder, std::span<const std::uint8_t> content,
                          bool sync) {
  std::string pattern =
      (folder / ("." + path.filename().string() + std::string(unfinished) + "XXXXXX")).string();
  Descriptor fd(::mkostemp(pattern.data(), O_CLOEXEC));
  if (fd.get() < 0) fail("write", path, errno);
  TemporaryFile temporary(pattern);
  write_all(fd.get(), content, path);
  // mkostemp makes the file private; give it the permissions that any new file has.
  if (::fchmod(fd.get(), 0666 & ~file_mode_mask()) != 0) fail("write", path, errno);
  if (sync && ::fsync(fd.get()) != 0) fail("write", path, errno);
  if (::close(fd.release()) != 0) fail("write", path, errno);
  return temporary;
}

/// Whether `path` is a file, no link, with exactly this content.
bool holds(const fs::path& path, std::span<const std::uint8_t> content) {
  const Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW));
  struct stat status {};
  if (fd.get() < 0 || ::fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode)) return false;
  if (static_cast<std::size_t>(status.st_size) != content.size()) return false;
  std::vector<std::uint8_t> held(content.size());
  return ::read(fd.get(), held.data(), held.size()) == static_cast<ssize_t>(held.size()) &&
         std::ranges::equal(held, content);
}

void sync_folder(const fs::path& folder) {
  const Descriptor fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.get() < 0) fail("open", folder, errno);
  // Some file systems cannot sync a folder and say EINVAL: the rename is as durable as they make it.
  if (::fsync(fd.get()) != 0 && errno != EINVAL) fail("sync", folder, errno);
}

}  // namespace

std::vector<std::uint8_t> read_file(const fs::path& path, std::uint64_t limit) {
  // O_NONBLOCK: opening a FIFO must not wait for a writer.
  const Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (fd.get() < 0) fail("open", path, errno);
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) fail("read", path, errno);
  if (S_ISDIR(status.st_mode)) fail("read", path, EISDIR);
  if (!S_ISREG(status.st_mode))
    throw Error(fmt::format("cannot read {}: it is not a regular file", path.string()));
  if (static_cast<std::uint64_t>(status.st_size) > limit) {
    throw Error(fmt::format("cannot read {}: it has {} bytes, more than the {} that such a file may have",
                            path.string(), status.st_size, limit));
  }
  std::vector<std::uint8_t> content;
  content.reserve(static_cast<std::size_t>(status.st_size));
  prefer_huge_pages(content.data(), content.capacity());
  content.resize(static_cast<std::size_t>(status.st_size));
  std::size_t filled = 0;
  while (filled < content.size()) {
    const ssize_t got = ::read(fd.get(), content.data() + filled, content.size() - filled);
    if (got < 0) {
      if (errno == EINTR) continue;
      fail("read", path, errno);
    }
    if (got == 0) break;  // the file shrank while it was read
    filled += static_cast<std::size_t>(got);
  }
  content.resize(filled);
  return content;
}

void write_file(const fs::path& path, std::span<const std::uint8_t> content) {
  const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  TemporaryFile temporary = write_aside(path, folder, content, /*sync=*/true);
  temporary.rename_to(path);
  sync_folder(folder);
}

void write_file(const fs::path& path, std::string_view content) {
  write_file(path, std::span(reinterpret_cast<const std::uint8_t*>(content.data()), content.size()));
}

void append_file(const fs::path& path, std::span<const std::uint8_t> content) {
  Descriptor fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666));
  if (fd.get() < 0) fail("write", path, errno);
  write_all(fd.get(), content, path);
  if (::close(fd.release()) != 0) fail("write", path, errno);
}

void write_files(const fs::path& folder, std::size_t count,
                 const std::function<std::string(std::size_t)>& name,
                 const std::function<std::vector<std::uint8_t>(std::size_t)>& content, int threads) {
  std::vector<TemporaryFile> temporaries(count);
  std::atomic<std::size_t> written = 0;
  parallel_for(count, threads, [&](std::size_t i) {
    const std::vector<std::uint8_t> bytes = content(i);
    if (holds(folder / name(i), bytes)) return;
    temporaries[i] = write_aside(folder / name(i), folder, bytes, /*sync=*/false);
    ++written;
  });
  if (written == 0) return;
  const Descriptor fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.get() < 0) fail("open", folder, errno);
  if (::syncfs(fd.get()) != 0) fail("sync", folder, errno);
  for (std::size_t i = 0; i < count; ++i) {
    if (temporaries[i].written()) temporaries[i].rename_to(folder / name(i));
  }
  sync_folder(folder);
}

void remove_unfinished(const fs::path& path) {
  const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  const std::string beginning = "." + path.filename().string();
  std::error_code ignored;
  for (fs::directory_iterator entry(folder, ignored), end; entry != end; entry.increment(ignored)) {
    const std::string name = entry->path().filename().string();
    const std::size_t mark = name.rfind(unfinished);
    if (mark == std::string::npos || name.size() != mark + unfinished.size() + 6) continue;
    if (path.has_filename() ? name.substr(0, mark) != beginning : !name.starts_with('.')) continue;
    std::error_code stays;
    fs::remove(entry->path(), stays);
  }
}

}  // namespace bart
