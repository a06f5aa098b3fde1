#include "picture_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "bart/pictures/decode.h"
#include "bart/platform/error.h"

namespace bart {
namespace {

namespace fs = std::filesystem;

bool ends_in_jpg(std::string name) {
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
  return name.ends_with(".jpg");
}

/// Calls `take` for every regular file below `folder`.
template <typename Iterator, typename Take>
void walk(const fs::path& folder, Take take) {
  try {
    for (const fs::directory_entry& entry : Iterator(folder)) {
      if (entry.is_regular_file()) take(entry.path());
    }
  } catch (const fs::filesystem_error& error) {
    throw Error(fmt::format("cannot read the folder {}: {}", error.path1().string(), error.code().message()));
  }
}

void sort_by_name(std::vector<PictureFile>& files) {
  std::sort(files.begin(), files.end(),
            [](const PictureFile& a, const PictureFile& b) { return a.name < b.name; });
}

}  // namespace

std::vector<PictureFile> original_test_pictures(const fs::path& folder) {
  if (!fs::is_directory(folder)) {
    throw Error(
        fmt::format("there is no folder {} here: name pictures or folders (bart predict PICTURE), or run "
                    "where bart train wrote its results",
                    folder.string()));
  }
  std::vector<PictureFile> files;
  walk<fs::directory_iterator>(folder, [&](const fs::path& path) {
    if (ends_in_jpg(path.filename().string())) files.push_back({path, path.filename().string()});
  });
  if (files.empty()) throw Error(fmt::format("{} holds no .jpg picture", folder.string()));
  sort_by_name(files);
  return files;
}

std::vector<PictureFile> find_picture_files(const std::vector<std::string>& arguments, bool recursive) {
  std::vector<PictureFile> found;
  const bool several = arguments.size() > 1;
  for (const std::string& argument : arguments) {
    const fs::path path(argument);
    std::error_code error;
    const fs::file_status status = fs::status(path, error);
    if (!fs::exists(status)) throw Error(fmt::format("{}: no such file or folder", argument));
    if (!fs::is_directory(status)) {
      found.push_back({path, several ? path.string() : path.filename().string()});
      continue;
    }
    std::vector<PictureFile> files;
    const auto take = [&](const fs::path& file) {
      if (!has_picture_extension(file.filename().string())) return;
      files.push_back({file, several ? file.string() : file.lexically_relative(path).string()});
    };
    if (recursive) {
      walk<fs::recursive_directory_iterator>(path, take);
    } else {
      walk<fs::directory_iterator>(path, take);
    }
    if (files.empty()) {
      throw Error(fmt::format("{} holds no picture{}", argument,
                              recursive ? "" : " (--recursive looks into sub-folders)"));
    }
    sort_by_name(files);
    found.insert(found.end(), files.begin(), files.end());
  }
  return found;
}

}  // namespace bart
