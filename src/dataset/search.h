#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "bart/dataset/find_pictures.h"

namespace bart {

/// A folder whose pictures are wanted.
struct SearchedFolder {
  std::filesystem::path path;
  bool link = false;
};

/// Finds the pictures of each of several folders as find_pictures() does, recursively. No folder is visited
/// twice in the whole search, by whatever name: a link from one class folder into another one is passed over,
/// so that no picture belongs to two classes. The same is true of links to `data_set` and to the folders
/// above it, and of links to files that are pictures of another folder of the list. What is no link comes
/// before links, whatever their order is. The result is absent for a folder of
/// the list that is another one or leads to one; `warnings` gets a sentence about it. Throws Error when a
/// folder of the list cannot be read.
std::vector<std::optional<FoundPictures>> find_pictures_of(const std::filesystem::path& data_set,
                                                           std::vector<SearchedFolder> folders,
                                                           std::vector<std::string>& warnings);

}  // namespace bart
