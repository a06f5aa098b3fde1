#include "bart/model/picture_files.h"

#include <fmt/format.h>
#include <glob.h>

#include <algorithm>
#include <cctype>
#include <unordered_set>
#include <utility>

#include "bart/model/video_frames.h"
#include "bart/platform/error.h"

namespace bart {
namespace {

namespace fs = std::filesystem;

bool ends_in_jpg(std::string name) {
  std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::tolower(c); });
  return name.ends_with(".jpg");
}

/// Adds the pictures of a folder. Their names are relative to the folder, after the prefix `before`.
void add_folder(const fs::path& folder, const fs::path& before, bool recursive, PictureFiles& to) {
  FoundPictures found = find_pictures(folder, recursive);
  for (const std::string& file : found.files) to.files.push_back({folder / file, (before / file).string()});
  for (PassedOver& one : found.passed_over) {
    to.passed_over.push_back({(folder / one.path).string(), std::move(one.reason)});
  }
  std::ranges::move(found.warnings, std::back_inserter(to.warnings));
  if (!found.files.empty()) return;
  const std::string sentence = fmt::format("{} holds no picture", folder.string());
  if (recursive) throw Error(sentence);
  throw NoPicturesItself(sentence + " itself");
}

/// Adds what a pattern stands for, or the argument itself.
void add_matches(const std::string& argument, std::vector<std::string>& to) {
  std::error_code error;
  glob_t matches{};
  if (argument.find_first_of("*?[") != std::string::npos && !fs::exists(argument, error) &&
      ::glob(argument.c_str(), 0, nullptr, &matches) == 0) {
    to.insert(to.end(), matches.gl_pathv, matches.gl_pathv + matches.gl_pathc);
  } else {
    to.push_back(argument);
  }
  ::globfree(&matches);
}

}  // namespace

PictureFiles original_test_pictures(const fs::path& folder) {
  if (!fs::is_directory(folder)) {
    throw Error(
        fmt::format("there is no folder {} here: name pictures or folders (bart predict PICTURE), or run "
                    "where bart train wrote its results",
                    folder.string()));
  }
  FoundPictures found = find_pictures(folder, /*recursive=*/false);
  PictureFiles pictures{.files = {}, .passed_over = {}, .warnings = std::move(found.warnings)};
  for (const std::string& file : found.files) {
    if (ends_in_jpg(file)) pictures.files.push_back({folder / file, file});
  }
  if (pictures.files.empty()) throw Error(fmt::format("{} holds no .jpg picture", folder.string()));
  return pictures;
}

PictureFiles find_picture_files(const std::vector<std::string>& named, bool recursive) {
  PictureFiles found;
  std::vector<std::string> arguments;
  for (const std::string& argument : named) add_matches(argument, arguments);
  const bool several = arguments.size() > 1;
  for (const std::string& argument : arguments) {
    const fs::path path(argument);
    std::error_code error;
    const fs::file_status status = fs::status(path, error);
    if (!fs::exists(status)) {
      const bool gone = status.type() == fs::file_type::not_found;
      throw Error(fmt::format("{}: {}", argument, gone ? "no such file or folder" : error.message()));
    }
    if (fs::is_directory(status)) {
      add_folder(path, several ? path : fs::path(), recursive, found);
    } else {
      std::string name = standard_input_name(path);
      if (name.empty()) name = several ? path.string() : path.filename().string();
      found.files.push_back({path, std::move(name), is_video(path)});
    }
  }
  std::unordered_set<std::string> names;
  std::erase_if(found.files, [&](const PictureFile& file) { return !names.insert(file.name).second; });
  return found;
}

}  // namespace bart
