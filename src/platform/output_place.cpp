#include "output_place.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <system_error>

#include "bart/platform/error.h"
#include "bart/platform/write_through.h"
#include "descriptor.h"

namespace bart {
namespace {

namespace fs = std::filesystem;

/// N if `path` is /proc/<this process>/fd/N, by whatever name of that folder; else -1.
int own_descriptor(const fs::path& path) {
  const std::string name = path.filename().string();
  const bool is_number = !name.empty() && name.size() < 10 &&
                         std::ranges::all_of(name, [](char c) { return c >= '0' && c <= '9'; });
  if (!is_number) return -1;
  std::error_code error;
  const fs::path process = fs::canonical("/proc/self", error);  // none in a chroot without /proc
  if (error) return -1;
  const fs::path folder = fs::canonical(path.parent_path(), error);
  return !error && folder == process / "fd" ? std::stoi(name) : -1;
}

}  // namespace

OutputPlace output_place(const fs::path& path) {
  OutputPlace place;
  place.file = path;
  constexpr int most_links = 40;  // as Linux follows (path_resolution(7))
  for (int links = 0;; ++links) {
    // The link /proc/self/fd/1 must not be followed: it leads to a file, and replacing that file would lose
    // what is written to the descriptor before and after.
    place.descriptor = own_descriptor(place.file);
    std::error_code error;
    if (place.descriptor >= 0 || !fs::is_symlink(fs::symlink_status(place.file, error))) break;
    if (links == most_links) fail("write", path, ELOOP);
    const fs::path target = fs::read_symlink(place.file, error);
    if (error) fail("write", path, error.value());
    place.file = place.file.parent_path() / target;  // an absolute target replaces the folder
  }
  struct stat status {};
  if (place.descriptor >= 0 || ::stat(place.file.c_str(), &status) != 0) return place;
  if (S_ISDIR(status.st_mode)) fail("write", path, EISDIR);
  place.special = !S_ISREG(status.st_mode);
  if (place.special) return place;
  // Replacing the file by another one would need only a writable folder.
  if (::faccessat(AT_FDCWD, place.file.c_str(), W_OK, AT_EACCESS) != 0) fail("write", path, errno);
  place.existing = OutputPlace::Owner{status.st_mode & 0777, status.st_uid, status.st_gid};
  return place;
}

bool writes_through(const fs::path& path) {
  const OutputPlace place = output_place(path);
  return place.descriptor >= 0 || place.special;
}

Error keeps_nothing(const fs::path& file) {
  return Error("cannot write " + file.string() +
               ": what is there is a pipe, a device or a socket, which keeps nothing: remove it, or name "
               "another folder for the results");
}

fs::path written_place(const fs::path& path) {
  return output_place(path).file;
}

fs::path written_folder(const fs::path& path) {
  const fs::path target = written_place(path);
  const fs::path folder = target.has_parent_path() ? target.parent_path() : fs::path(".");
  std::error_code none;
  if (fs::is_symlink(path, none) && !fs::is_directory(folder, none)) {
    throw Error("cannot write " + path.string() + ": it is a link to " + target.string() + ", and " +
                folder.string() + " is no folder: make that folder, or remove the link");
  }
  return folder;
}

}  // namespace bart
