#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <span>
#include <string>

#include "bart/model/picture_files.h"

namespace bart {

/// Sorts pictures into folders named after their classes, below one folder. No file is ever replaced: a
/// picture whose name is taken by another one gets a number ("7-2.jpg"), and a picture that is there already,
/// from an earlier time, is left alone.
class PictureSorter {
 public:
  /// Copies the pictures, or makes symbolic links to them.
  PictureSorter(std::filesystem::path folder, bool link) : folder_(std::move(folder)), link_(link) {}

  /// Throws Error when one of `pictures` lies in the folder of one of `classes`: then the copies would come
  /// to lie among the pictures that they were made of, under labels that are only predicted.
  void check_apart(std::span<const PictureFile> pictures, std::span<const std::string> classes) const;

  /// Throws Error when the class's name cannot be that of a folder ("a/b", ".."), or when the file cannot be
  /// copied.
  void add(const PictureFile& file, const std::string& class_name);

  /// Number of pictures per class, including those that were there already.
  const std::map<std::string, std::size_t>& counts() const { return counts_; }

 private:
  std::filesystem::path folder_;
  bool link_;
  std::map<std::string, std::size_t> counts_;
};

}  // namespace bart
