#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bart/dataset/load.h"

namespace bart {

/// What a training sees of its pictures, in 64 bits each: enough to say later what has changed.
struct DataFingerprint {
  std::uint64_t classes = 0;         // the names of all, in their order
  std::vector<std::int64_t> names;   // [n] "class/name" and label
  std::vector<std::int64_t> pixels;  // [n] the resized pixels
  bool operator==(const DataFingerprint&) const = default;
};

/// Of class names in their order.
std::uint64_t fingerprint_of_classes(const std::vector<std::string>& classes);

DataFingerprint fingerprint_of(const LoadedPictures& pictures, int threads);

/// How the pictures `now`, of the files `files`, differ from those `before`, in words, "of its pictures 1 is
/// gone, 2 are new (the first: a/b.jpg)"; empty where they do not.
std::string difference(const DataFingerprint& before, const DataFingerprint& now,
                       const std::vector<std::string>& files);

}  // namespace bart
