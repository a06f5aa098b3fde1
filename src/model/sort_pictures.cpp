#include "bart/model/sort_pictures.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <set>
#include <system_error>

#include "bart/platform/copy_regular_file.h"
#include "bart/platform/error.h"
#include "bart/platform/files.h"
#include "bart/platform/make_folders.h"
#include "bart/platform/printable.h"
#include "bart/platform/rename_new.h"

namespace bart {
namespace {

namespace fs = std::filesystem;

/// Whether `there` is what adding `picture` would make.
bool is_same(const fs::path& there, const fs::path& picture, bool link) {
  std::error_code error;
  if (fs::is_symlink(fs::symlink_status(there, error))) {
    return link && fs::read_symlink(there, error) == fs::absolute(picture);
  }
  if (link || !fs::is_regular_file(there, error) ||
      fs::file_size(there, error) != fs::file_size(picture, error)) {
    return false;
  }
  return read_file(there) == read_file(picture);
}

/// Gives the finished copy its name, unless that is taken.
bool rename_to_free(const fs::path& from, const fs::path& to) {
  if (rename_to_new_name(from, to)) return true;
  if (errno == EEXIST) return false;
  throw Error(fmt::format("cannot write {}: {}", to.string(), std::strerror(errno)));
}

}  // namespace

void PictureSorter::check_apart(std::span<const PictureFile> pictures,
                                std::span<const std::string> classes) const {
  std::error_code none;
  std::set<fs::path> taken;
  for (const std::string& name : classes) {
    const fs::path folder = fs::canonical(folder_ / name, none);
    if (!none) taken.insert(folder);
  }
  std::set<fs::path> seen;
  for (const PictureFile& picture : pictures) {
    const fs::path parent = picture.path.parent_path();
    if (taken.empty() || !seen.insert(parent).second) continue;
    for (fs::path place = fs::canonical(fs::absolute(parent), none); place.has_relative_path();
         place = place.parent_path()) {
      if (!taken.contains(place)) continue;
      throw Error(
          fmt::format("{} would be sorted into {}, the folder that it is read from: name another folder to "
                      "sort into",
                      picture.path.string(), place.string()));
    }
  }
}

void PictureSorter::add(const PictureFile& file, const std::string& class_name) {
  const fs::path& picture = file.path;
  if (class_name.empty() || class_name == "." || class_name == ".." ||
      class_name.find_first_of(std::string_view("/\0", 2)) != std::string::npos) {
    throw Error(fmt::format("the class \"{}\" cannot be the name of a folder", printable(class_name)));
  }
  if (link_ && !standard_input_name(picture).empty())
    throw Error("a picture from standard input cannot be linked: sort it without --link");
  const fs::path folder = folder_ / class_name;
  make_folders(folder);
  const fs::path name = fs::path(file.name).filename(),
                 unfinished = folder / fmt::format(".unfinished-{}", ::getpid());
  for (int n = 1;; ++n) {
    const fs::path to =
        folder /
        (n == 1 ? name.string() : fmt::format("{}-{}{}", name.stem().string(), n, name.extension().string()));
    if (fs::exists(fs::symlink_status(to))) {
      if (is_same(to, picture, link_)) break;
      continue;
    }
    std::error_code error;
    fs::remove(unfinished, error);
    if (link_) {
      fs::create_symlink(fs::absolute(picture), unfinished, error);
      if (error) {
        throw Error(
            fmt::format("cannot link {} into {}: {}", picture.string(), folder.string(), error.message()));
      }
    } else {
      copy_regular_file(picture, unfinished);
    }
    if (rename_to_free(unfinished, to)) break;
  }
  ++counts_[class_name];
}

}  // namespace bart
