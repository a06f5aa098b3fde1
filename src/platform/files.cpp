#include "bart/platform/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "bart/platform/error.h"
#include "bart/platform/huge_pages.h"
#include "bart/platform/make_folders.h"
#include "bart/platform/threads.h"
#include "descriptor.h"
#include "output_place.h"

namespace bart {
namespace {

namespace fs = std::filesystem;

/// Stands between the name of a file that is being written and the random letters of its temporary name.
constexpr std::string_view unfinished = ".unfinished-";
constexpr std::size_t random_letters = 6;

/// The beginning of the temporary name of the file `name`, whose own name may have the greatest possible
/// length.
std::string unfinished_beginning(const std::string& name) {
  return "." + name.substr(0, 200);
}

/// A file that is written beside its final place and removed unless it is renamed.
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

/// Gives a new file the owner, group and permissions of the one that it replaces, as far as this process may.
void take_over(int fd, const OutputPlace::Owner& owner, const fs::path& path) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) fail("write", path, errno);
  if (status.st_uid != owner.user || status.st_gid != owner.group) {
    [[maybe_unused]] const int only_root_may = ::fchown(fd, owner.user, owner.group);
  }
  if ((status.st_mode & 0777) == owner.mode || ::fchmod(fd, owner.mode) == 0) return;
  // A file system without permissions refuses this, which is fine: the file was created with no more than
  // `mode`.
  if (errno != EPERM && errno != EACCES && errno != EOPNOTSUPP && errno != ENOSYS) fail("write", path, errno);
}

/// Creates a file with a name that no other file has and the permissions `mode` less the umask. Where that
/// fails the descriptor is -1, and errno says why.
Descriptor open_aside(const fs::path& path, mode_t mode, std::string& name) {
  constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
  const fs::path beginning =
      path.parent_path() / (unfinished_beginning(path.filename().string()) + std::string(unfinished));
  for (int tries = 0;; ++tries) {
    std::array<unsigned char, random_letters> random{};
    if (::getrandom(random.data(), random.size(), 0) != static_cast<ssize_t>(random.size())) {
      return Descriptor(-1);
    }
    name = beginning.string();
    for (const unsigned char value : random) name += letters[value % letters.size()];
    // mkostemp(3) makes private files, which would stay private on a file system without chmod(2) such as
    // CIFS.
    Descriptor fd(::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
    if (fd.get() >= 0 || errno != EEXIST || tries == 100) return fd;
  }
}

Descriptor create_aside(const fs::path& path, mode_t mode, std::string& name) {
  Descriptor fd = open_aside(path, mode, name);
  if (fd.get() < 0) fail("write", path, errno);
  return fd;
}

TemporaryFile write_aside(const fs::path& path, std::span<const std::uint8_t> content, bool sync,
                          const std::optional<OutputPlace::Owner>& owner = {}) {
  std::string name;
  Descriptor fd = create_aside(path, owner ? owner->mode : 0666, name);
  TemporaryFile temporary(std::move(name));
  if (owner) take_over(fd.get(), *owner, path);
  write_all(fd.get(), content, path);
  if (sync) sync_descriptor(fd.get(), "write", path);
  if (::close(fd.release()) != 0) fail("write", path, errno);
  return temporary;
}

/// Whether `path` is a regular file, not a link, with exactly this content.
bool holds(const fs::path& path, std::span<const std::uint8_t> content) {
  const Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW));
  struct stat status {};
  if (fd.get() < 0 || ::fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode)) return false;
  if (static_cast<std::size_t>(status.st_size) != content.size()) return false;
  std::vector<std::uint8_t> held(content.size());
  return ::read(fd.get(), held.data(), held.size()) == static_cast<ssize_t>(held.size()) &&
         std::ranges::equal(held, content);
}

/// A folder that may be written but not read cannot be opened, and then not be synced.
void sync_folder(const fs::path& folder) {
  const Descriptor fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.get() < 0 && errno == EACCES) return;
  if (fd.get() < 0) fail("open", folder, errno);
  sync_descriptor(fd.get(), "sync", folder);
}

/// The permissions and the owner of a file that will be replaced by one of that name. A link is replaced
/// itself. Throws Error if it may not be written.
std::optional<OutputPlace::Owner> owner_of(const fs::path& path) {
  std::error_code none;
  return fs::is_regular_file(fs::symlink_status(path, none)) ? output_place(path).existing : std::nullopt;
}

fs::path folder_of(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

/// Writes into a device, a FIFO, a socket or a descriptor of this process.
void write_through(const OutputPlace& place, std::span<const std::uint8_t> content, const fs::path& path) {
  if (place.descriptor >= 0) {
    std::fflush(stdout);  // what was printed comes first
    write_all(place.descriptor, content, path);
    return;
  }
  Descriptor fd(::open(place.file.c_str(), O_WRONLY | O_NOCTTY | O_CLOEXEC));  // waits for a FIFO's reader
  if (fd.get() < 0) fail("write", path, errno);
  write_all(fd.get(), content, path);
  if (::close(fd.release()) != 0) fail("write", path, errno);
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

std::optional<FileStart> start_of_larger_file(const fs::path& path, std::uint64_t size, std::size_t most) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  const auto whole = static_cast<std::uint64_t>(status.st_size);
  if (whole <= size) return std::nullopt;
  // O_NONBLOCK: a FIFO may have taken its place.
  const Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (fd.get() < 0) return std::nullopt;
  std::vector<std::uint8_t> bytes(most);
  const ssize_t got = ::pread(fd.get(), bytes.data(), bytes.size(), 0);
  if (got <= 0) return std::nullopt;
  bytes.resize(static_cast<std::size_t>(got));
  return FileStart{whole, std::move(bytes)};
}

void write_file(const fs::path& path, std::span<const std::uint8_t> content) {
  const OutputPlace place = output_place(path);
  if (place.descriptor >= 0 || place.special) return write_through(place, content, path);
  TemporaryFile temporary = write_aside(place.file, content, /*sync=*/true, place.existing);
  temporary.rename_to(place.file);
  sync_folder(folder_of(place.file));
}

void write_file(const fs::path& path, std::string_view content) {
  write_file(path, std::span(reinterpret_cast<const std::uint8_t*>(content.data()), content.size()));
}

struct OutputFile::State {
  fs::path path;
  OutputPlace place;
  TemporaryFile temporary;  // not used when the pieces go directly into the file
  Descriptor opened{-1};
  int descriptor = -1;  // the file that pieces are written to
};

OutputFile::OutputFile(fs::path path, Appears appears) : state_(new State) {
  State& state = *state_;
  state.path = std::move(path);
  state.place = output_place(state.path);
  if (state.place.descriptor >= 0) {
    std::fflush(stdout);  // what was printed comes first
    state.descriptor = state.place.descriptor;
    return;
  }
  if (appears == Appears::at_the_end && !state.place.special) {
    std::string name;
    state.opened =
        create_aside(state.place.file, state.place.existing ? state.place.existing->mode : 0666, name);
    state.descriptor = state.opened.get();
    state.temporary = TemporaryFile(std::move(name));
    if (state.place.existing) take_over(state.descriptor, *state.place.existing, state.path);
    return;
  }
  const int flags = state.place.special ? O_WRONLY | O_NOCTTY : O_WRONLY | O_CREAT | O_TRUNC;
  state.opened = Descriptor(::open(state.place.file.c_str(), flags | O_CLOEXEC, 0666));
  state.descriptor = state.opened.get();
  if (state.descriptor < 0) fail("write", state.path, errno);
}

OutputFile::~OutputFile() = default;

void OutputFile::write(std::string_view piece) {
  write_all(state_->descriptor, std::span(reinterpret_cast<const std::uint8_t*>(piece.data()), piece.size()),
            state_->path);
}

void OutputFile::finish() {
  State& state = *state_;
  if (state.opened.get() < 0) return;
  if (!state.place.special) sync_descriptor(state.descriptor, "write", state.path);
  if (::close(state.opened.release()) != 0) fail("write", state.path, errno);
  if (!state.temporary.written()) return;
  state.temporary.rename_to(state.place.file);
  sync_folder(folder_of(state.place.file));
}

void append_file(const fs::path& path, std::span<const std::uint8_t> content) {
  Descriptor fd = open_own_file(path, O_WRONLY | O_CREAT | O_APPEND);
  write_all(fd.get(), content, path);
  if (::close(fd.release()) != 0) fail("write", path, errno);
}

void make_folders(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (!error && !fs::is_directory(folder, error) && !error)
    error = std::make_error_code(std::errc::not_a_directory);
  if (error) throw Error(fmt::format("cannot create the folder {}: {}", folder.string(), error.message()));
}

fs::path existing_part(fs::path folder) {
  std::error_code none;
  while (!fs::exists(fs::symlink_status(folder, none)) && folder.has_relative_path())
    folder = folder.parent_path();
  return folder;
}

fs::path without_missing_detours(const fs::path& path) {
  const fs::path there = existing_part(path);
  auto rest = path.begin();
  std::advance(rest, std::distance(there.begin(), there.end()));
  fs::path missing;
  for (; rest != path.end(); ++rest) missing /= *rest;
  return std::ranges::find(missing, "..") == missing.end() ? path : there / missing.lexically_normal();
}

void write_files(const fs::path& folder, std::size_t count,
                 const std::function<std::string(std::size_t)>& name,
                 const std::function<std::vector<std::uint8_t>(std::size_t)>& content, int threads) {
  if (count > 0 && (!name || !content)) throw Error("files to write need names and contents");
  for (std::size_t i = 0; i < count; ++i) {
    const std::string file = name(i);
    if (file.empty() || file == "." || file == ".." || file.find('/') != std::string::npos)
      throw Error(fmt::format("\"{}\" cannot be the name of a file in {}", file, folder.string()));
  }
  std::vector<TemporaryFile> temporaries(count);
  std::atomic<std::size_t> written = 0;
  parallel_for(count, threads, [&](std::size_t i) {
    const std::vector<std::uint8_t> bytes = content(i);
    if (holds(folder / name(i), bytes)) return;
    temporaries[i] = write_aside(folder / name(i), bytes, /*sync=*/false, owner_of(folder / name(i)));
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

std::error_code try_to_create_in(const fs::path& folder) {
  const fs::path trial = folder / "trial";
  remove_unfinished(trial);  // of processes that were killed; those that run do not need theirs again
  std::string name;
  const Descriptor fd = open_aside(trial, 0600, name);
  if (fd.get() < 0) return {errno, std::generic_category()};
  ::unlink(name.c_str());
  return {};
}

void remove_unfinished(const fs::path& path) {
  const fs::path folder = folder_of(path);
  const std::string beginning = unfinished_beginning(path.filename().string());
  std::error_code ignored;
  for (fs::directory_iterator entry(folder, ignored), end; entry != end; entry.increment(ignored)) {
    const std::string name = entry->path().filename().string();
    const std::size_t mark = name.rfind(unfinished);
    if (mark == std::string::npos || name.size() != mark + unfinished.size() + random_letters) continue;
    if (path.has_filename() ? name.substr(0, mark) != beginning : !name.starts_with('.')) continue;
    std::error_code stays;
    fs::remove(entry->path(), stays);
  }
}

}  // namespace bart
