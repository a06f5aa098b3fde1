#include "bart/dataset/folder_watch.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <map>
#include <set>
#include <utility>

#include "bart/dataset/find_pictures.h"
#include "bart/platform/error.h"
#include "bart/platform/lies_in.h"
#include "folder_entries.h"

namespace bart {
namespace {

namespace fs = std::filesystem;

/// What changes whenever a file is replaced or its content changes.
struct Content {
  dev_t device;
  ino_t file;
  off_t size;
  std::int64_t modified, changed;  // ns
  bool operator==(const Content&) const = default;
};

Content content_of(const struct stat& status) {
  const auto nanoseconds = [](const timespec& time) {
    return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
  };
  return {status.st_dev, status.st_ino, status.st_size, nanoseconds(status.st_mtim),
          nanoseconds(status.st_ctim)};
}

/// Whether a process has the file open for writing: the kernel then refuses a read lease (fcntl(2),
/// F_SETLEASE). Where leases cannot be had, on files of other users for one, the answer is no.
bool is_being_written(const fs::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return false;
  // Whoever opens the file for writing before the lease is given back lets the kernel send a signal. By
  // default this is SIGIO, which ends the process; SIGURG is ignored unless somebody handles it.
  ::fcntl(fd, F_SETSIG, SIGURG);
  const bool refused = ::fcntl(fd, F_SETLEASE, F_RDLCK) != 0 && errno == EAGAIN;
  ::close(fd);  // also gives the lease back
  return refused;
}

}  // namespace

struct FolderWatch::State {
  fs::path folder;
  bool recursive = false;
  std::vector<fs::path> left_out;
  int fd = -1;
  dev_t device = 0;
  ino_t inode = 0;
  std::map<int, std::string> folders;  // by watch descriptor: relative, with a "/" after it; "" is the folder
  std::map<std::string, Content> seen;  // what has arrived, by its relative path
  std::vector<std::string> arrived;
  std::function<void(const std::string&)> warning;
  std::set<std::string> unreadable;  // folders that a warning was about, relative

  ~State() {
    if (fd >= 0) ::close(fd);
  }

  [[noreturn]] void fail(int error) const {
    const char* reason = error == ENOSPC ? "no more folders can be watched (see fs.inotify.max_user_watches)"
                         : error == EMFILE ? "no more programs can watch (see fs.inotify.max_user_instances)"
                                           : std::strerror(error);
    throw Error(fmt::format("cannot watch {}: {}", folder.string(), reason));
  }

  /// Warns once of a folder that is there and may not be read.
  void tell_unreadable(const std::string& relative, int error) {
    if (error != EACCES || !unreadable.insert(relative).second || !warning) return;
    warning(fmt::format("{} cannot be read ({}): what arrives there is missing", (folder / relative).string(),
                        std::strerror(error)));
  }

  bool is_left_out(const std::string& relative) const {
    const fs::path path = folder / relative;
    return std::ranges::any_of(left_out, [&](const fs::path& one) { return lies_in(path, one); });
  }

  /// Watches a folder and takes up what is in it already. `relative` is "" or ends with "/".
  void look_into(const std::string& relative) {
    if (is_left_out(relative)) return;
    const int watch = ::inotify_add_watch(
        fd, (folder / relative).c_str(),
        IN_ONLYDIR | IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE);
    if (watch < 0) {
      if (errno == ENOSPC || relative.empty()) fail(errno);
      tell_unreadable(relative, errno);
      return;  // or it is gone already
    }
    // A link that leads to a folder that is watched already.
    const auto [known, fresh] = folders.emplace(watch, relative);
    if (!fresh && known->second != relative) return;
    std::vector<FolderEntry> entries;
    try {
      entries = entries_of(folder / relative);
    } catch (const Error&) {
      if (relative.empty()) throw;
      return;
    }
    for (const FolderEntry& entry : entries) {
      const std::string path = relative + entry.name;
      const bool is_folder = entry.type == fs::file_type::directory;
      if (why_passed_over(entry.name, is_folder)) continue;
      if (is_folder && recursive) {
        look_into(path + "/");
      } else if (!is_folder && may_be_picture(entry.type) && !is_being_written(folder / path)) {
        take(path);
      }
    }
  }

  /// A file has arrived, unless it has done so before and is the same.
  void take(const std::string& path) {
    struct stat status {};
    if (::stat((folder / path).c_str(), &status) != 0) {
      // Reading it gives the reason; or it is gone already.
      if (errno == EACCES && !is_left_out(path)) arrived.push_back(path);
      return;
    }
    if (!S_ISREG(status.st_mode) || is_left_out(path)) return;
    const Content content = content_of(status);
    const auto [known, fresh] = seen.emplace(path, content);
    if (!fresh && known->second == content) return;
    known->second = content;
    arrived.push_back(path);
  }

  /// A sub-folder is no longer there, or no longer has this name.
  void forget_folder(const std::string& relative) {
    for (auto it = folders.begin(); it != folders.end();) {
      if (it->second.starts_with(relative)) {
        ::inotify_rm_watch(fd, it->first);
        it = folders.erase(it);
      } else {
        ++it;
      }
    }
    std::erase_if(seen, [&](const auto& one) { return one.first.starts_with(relative); });
  }

  void handle(const inotify_event& event) {
    if ((event.mask & IN_Q_OVERFLOW) != 0) return look_into_all();
    const auto in = folders.find(event.wd);
    if (in == folders.end()) return;
    if ((event.mask & IN_IGNORED) != 0) {
      folders.erase(in);
      return;
    }
    if (event.len == 0) return;
    const std::string name = event.name, path = in->second + name;
    const bool is_folder = (event.mask & IN_ISDIR) != 0;
    if ((event.mask & (IN_DELETE | IN_MOVED_FROM)) != 0) {
      if (is_folder) forget_folder(path + "/");
      seen.erase(path);
      return;
    }
    if (why_passed_over(name, is_folder)) return;
    if (is_folder) {
      if (recursive) look_into(path + "/");
    } else if ((event.mask & (IN_CLOSE_WRITE | IN_MOVED_TO)) != 0 || is_link(path)) {
      take(path);
    }
  }

  /// Of a new name: whether it is a link, which nobody writes and closes.
  bool is_link(const std::string& path) const {
    struct stat status {};
    if (::lstat((folder / path).c_str(), &status) != 0) return false;
    return (S_ISLNK(status.st_mode) || status.st_nlink > 1) && !is_being_written(folder / path);
  }

  /// Events were lost: what has arrived is found by looking.
  void look_into_all() {
    forget_missing();
    look_into("");
  }

  void forget_missing() {
    std::error_code error;
    std::erase_if(seen, [&](const auto& one) { return !fs::exists(folder / one.first, error); });
    std::vector<std::string> gone;
    for (const auto& [watch, relative] : folders) {
      if (!relative.empty() && !fs::is_directory(folder / relative, error)) gone.push_back(relative);
    }
    for (const std::string& relative : gone) forget_folder(relative);
  }

  void check_folder() const {
    struct stat status {};
    if (::stat(folder.c_str(), &status) == 0 && status.st_dev == device && status.st_ino == inode) return;
    throw Error(fmt::format("the watched folder {} was removed or renamed", folder.string()));
  }
};

FolderWatch::FolderWatch(fs::path folder, bool recursive, std::vector<fs::path> left_out,
                         std::function<void(const std::string&)> warning)
    : state_(new State) {
  State& state = *state_;
  state.warning = std::move(warning);
  state.folder = std::move(folder);
  state.recursive = recursive;
  for (const fs::path& path : left_out) {
    if (!path.empty()) state.left_out.push_back(path);
  }
  struct stat status {};
  if (::stat(state.folder.c_str(), &status) != 0) state.fail(errno);
  if (!S_ISDIR(status.st_mode)) state.fail(ENOTDIR);
  state.device = status.st_dev;
  state.inode = status.st_ino;
  state.fd = ::inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  if (state.fd < 0) state.fail(errno);
  state.look_into("");
}

FolderWatch::~FolderWatch() = default;

std::vector<std::string> FolderWatch::wait(int milliseconds) {
  State& state = *state_;
  if (state.arrived.empty()) {
    pollfd ready{state.fd, POLLIN, 0};
    ::poll(&ready, 1, milliseconds);
  }
  alignas(inotify_event) std::array<char, 65536> events;
  for (;;) {
    const ssize_t size = ::read(state.fd, events.data(), events.size());
    if (size <= 0) break;
    for (const char* at = events.data(); at < events.data() + size;) {
      const auto& event = *reinterpret_cast<const inotify_event*>(at);
      state.handle(event);
      at += sizeof(inotify_event) + event.len;
    }
  }
  if (state.arrived.empty()) state.check_folder();
  return std::exchange(state.arrived, {});
}

}  // namespace bart
