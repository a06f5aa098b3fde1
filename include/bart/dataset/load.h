#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "bart/dataset/listing.h"

namespace bart {

struct LoadOptions {
  int image_size = 128;
  int threads = 1;
  bool apply_exif_orientation = true;
  bool strict = false;             // the first bad picture is an Error instead of being skipped
  double max_skipped_share = 0.05;  // more skipped than this share of the listing is an Error
};

struct SkippedPicture {
  std::string file;
  std::string reason;
};

/// Every picture of a listing, decoded and resized. Only the resized pixels are kept.
struct LoadedPictures {
  int image_size = 0;
  std::vector<std::string> classes;
  std::vector<std::string> files;         // [n] of the listing's, those that decoded
  std::vector<std::int32_t> labels;       // [n]
  std::vector<std::uint8_t> pixels;       // [n, image_size, image_size, 3]
  std::set<std::pair<int, int>> sizes;    // (height, width) before resizing
  std::vector<SkippedPicture> skipped;    // in the listing's order
  std::vector<std::pair<std::string, std::string>> converted;  // (file, Pillow's mode) of those not RGB
  std::uint64_t bytes_read = 0;

  std::size_t size() const { return labels.size(); }
  const std::uint8_t* picture(std::size_t i) const {
    return pixels.data() + i * static_cast<std::size_t>(image_size) * image_size * 3;
  }
};

/// Reads, decodes and resizes all pictures of `listing` on `threads` threads. `progress(done, total)` comes one
/// call at a time. Throws Error when too many are bad, or a class has none left.
LoadedPictures load_pictures(const Listing& listing, const LoadOptions& options,
                             const std::function<void(std::size_t, std::size_t)>& progress = {});

}  // namespace bart
