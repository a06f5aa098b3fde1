#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "bart/dataset/find_pictures.h"
#include "bart/platform/error.h"

namespace bart {

struct PictureFile {
  std::filesystem::path path;
  std::string name;                      // its name in the results
  bool video = false;                    // see is_video(); only of files that were named
  std::vector<std::uint8_t> bytes = {};  // the encoded picture, if it is not that of the file
};

/// The picture files that a user named.
struct PictureFiles {
  std::vector<PictureFile> files;
  std::vector<PassedOver> passed_over;  // in folders, with the path of the folder
  std::vector<std::string> warnings;    // see FoundPictures
};

/// The pictures that the original's inference reads: all names in `folder` that end in .jpg (in any case),
/// sorted, without hidden files.
PictureFiles original_test_pictures(const std::filesystem::path& folder);

/// A folder holds no picture, and its sub-folders were not searched.
class NoPicturesItself : public Error {
 public:
  using Error::Error;
};

/// The pictures that a user names: files as they are, folders as find_pictures() lists them. In the results
/// a single picture has its file name (that of standard input is standard_input_name()), those of one
/// folder their path below it, those of several arguments their full path. A picture that is named twice is
/// taken once. An argument with *, ? or [ that is not the name of a file is a pattern, as for a shell.
/// Throws Error when an argument does not exist or holds no picture.
PictureFiles find_picture_files(const std::vector<std::string>& arguments, bool recursive);

/// The arguments with "-" replaced by what standard input holds: the picture itself, of which a copy is kept
/// in an unnamed file while the process runs, or else one path per line. Throws Error when it holds neither.
std::vector<std::string> with_standard_input(const std::vector<std::string>& arguments);

/// The name of the picture that with_standard_input() took, "stdin.jpg"; empty for any other path.
std::string standard_input_name(const std::filesystem::path& path);

}  // namespace bart
