#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace bart {

struct PictureFile {
  std::filesystem::path path;
  std::string name;  // as it stands in the results
};

/// What the original's inference reads: every name in `folder` that ends in .jpg (any case), sorted.
std::vector<PictureFile> original_test_pictures(const std::filesystem::path& folder);

/// The pictures named by a user: files as they are, folders by extension, sorted by name. One picture is
/// named by its file name, those of one folder by their path below it, those of several arguments by their
/// full path.
std::vector<PictureFile> find_picture_files(const std::vector<std::string>& arguments, bool recursive);

}  // namespace bart
