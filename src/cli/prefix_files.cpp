#include "prefix_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <stdio.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "bart/dataset/listing.h"
#include "bart/platform/error.h"

namespace bart {

std::size_t prefix_files(const std::filesystem::path& folder) {
  std::size_t renamed = 0;
  const Listing listing = list_folder(folder);
  for (const ListedPicture& picture : listing.pictures) {
    const std::filesystem::path from = folder / picture.file;
    const std::string name = from.filename().string();
    if (!name.starts_with("pic_")) continue;
    const std::string& class_name = listing.classes[static_cast<std::size_t>(picture.label)];
    const std::filesystem::path to = from.parent_path() / (class_name + "_" + name);
    if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) != 0) {
      throw Error(fmt::format("cannot rename {} to {}: {}", from.string(), to.filename().string(),
                              std::strerror(errno)));
    }
    ++renamed;
  }
  return renamed;
}

}  // namespace bart
