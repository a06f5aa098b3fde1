#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "bart/dataset/find_pictures.h"

namespace bart {

struct PictureFile {
  std::filesystem::path path;
  std::string name;  // as it stands in the results
};

/// The picture files that a user named.
struct PictureFiles {
  std::vector<PictureFile> files;
  std::vector<PassedOver> passed_over;  // in folders, with the folder's path
  std::vector<std::string> warnings;    // see FoundPictures
};

/// What the original's inference reads: every name in `folder` that ends in .jpg (any case), sorted; hidden
/// files are passed over.
PictureFiles original_test_pictures(const std::filesystem::path& folder);

/// The pictures named by a user: files as they are, folders as find_pictures finds them. A single picture is
/// named by its file name, those of one folder by their path below it, those of several arguments by their
/// full path. A name that comes twice is taken once. Throws Error when an argument does not exist or holds no
/// picture.
PictureFiles find_picture_files(const std::vector<std::string>& arguments, bool recursive);

}  // namespace bart
