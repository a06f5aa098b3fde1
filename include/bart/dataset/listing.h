#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace bart {

/// One picture file of a folder-per-class data set.
struct ListedPicture {
  std::string file;     // "class/name", relative to the folder
  std::int32_t label;   // index into Listing::classes
};

/// A folder-per-class data set as found on disk, both levels in code point order (Python's sorted()).
struct Listing {
  std::filesystem::path folder;
  std::vector<std::string> classes;
  std::vector<ListedPicture> pictures;
};

/// Lists `folder`: each sub-folder is a class, each file in it a picture. Skipped as the original does:
/// `.DS_Store` and `simpsons_dataset`; further names that begin with a dot, and plain files beside the class
/// folders. Throws Error when the folder is missing, unreadable or holds no class folder, when a class
/// has no picture, or when there are fewer classes than `fewest_classes`, 1 or 2.
Listing list_folder(const std::filesystem::path& folder, std::size_t fewest_classes = 2);

}  // namespace bart
