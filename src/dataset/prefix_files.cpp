#include "bart/dataset/prefix_files.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "bart/dataset/listing.h"
#include "bart/platform/error.h"
#include "bart/platform/rename_new.h"

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
    if (!rename_to_new_name(from, to)) {
      throw Error(fmt::format("cannot rename {} to {}: {}", from.string(), to.filename().string(),
                              std::strerror(errno)));
    }
    ++renamed;
  }
  return renamed;
}

}  // namespace bart
