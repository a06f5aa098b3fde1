#include "bart/dataset/prefix_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <stdio.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "bart/dataset/listing.h"
#include "bart/platform/error.h"

namespace bart {

namespace {

/// Returns whether it worked; errno tells why not.
bool rename_to_new_name(const std::filesystem::path& from, const std::filesystem::path& to) {
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return true;
  if (errno != EINVAL && errno != ENOSYS) return false;
  // Some file systems, such as NFS, cannot refuse an existing name, so it is looked up.
  struct stat status {};
  if (::lstat(to.c_str(), &status) == 0) {
    errno = EEXIST;
    return false;
  }
  return ::rename(from.c_str(), to.c_str()) == 0;
}

}  // namespace

std::size_t prefix_files(const std::filesystem::path& folder) {
  std::size_t renamed = 0;
  const Listing listing = list_folder(folder);
  for (const ListedPicture& picture : listing.pictures) {
    const std::filesystem::path from = folder / picture.file;
    const std::string name = from.filename().string();
    if (!name.starts_with("pic_")) continue;
    const std::string& class_name = listing.classes[static_cast<std::size_t>(picture.label)];
    const std::filesystem::path to = from.parent_path() / (class_name + "_" + name);
    if (!rename_to_new_name(from, to)) {
      throw Error(fmt::format("cannot rename {} to {}: {}", from.string(), to.filename().string(),
                              std::strerror(errno)));
    }
    ++renamed;
  }
  return renamed;
}

}  // namespace bart
