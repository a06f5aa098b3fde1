#pragma once

#include <filesystem>
#include <string>

namespace bart {

/// A small copy of a picture, as a page embeds it.
struct Thumbnail {
  int width = 0, height = 0;
  std::string jpeg;  // base64; empty if the file can no longer be read
};

/// The picture in `file`, which has `width` x `height` pixels, at its own aspect and at most `most_width` x
/// `most_height` large. It is never enlarged.
Thumbnail thumbnail_of(const std::filesystem::path& file, int width, int height, int most_width,
                       int most_height, bool apply_exif_orientation);

}  // namespace bart
