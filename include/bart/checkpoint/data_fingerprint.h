#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bart/dataset/load.h"

namespace bart {

/// 64-bit hashes of the pictures of a training, which tell later what has changed.
struct DataFingerprint {
  std::uint64_t classes = 0;         // the names of all classes, in their order
  std::vector<std::int64_t> names;   // [n] "class/name" and label
  std::vector<std::int64_t> pixels;  // [n] the resized pixels
  bool operator==(const DataFingerprint&) const = default;
};

/// The hash of class names in their order.
std::uint64_t fingerprint_of_classes(const std::vector<std::string>& classes);

DataFingerprint fingerprint_of(const LoadedPictures& pictures, int threads);

/// A text that says how the pictures `now`, with the names `files`, differ from those `before`: "of its
/// pictures 1 is gone, 2 are new (the first: a/b.jpg)"; empty if they do not.
std::string difference(const DataFingerprint& before, const DataFingerprint& now,
                       const std::vector<std::string>& files);

}  // namespace bart
