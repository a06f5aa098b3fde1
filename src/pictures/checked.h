#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bart/pictures/decode.h"
#include "bart/platform/checked.h"

// Reading hostile bytes: every access is checked against what the file holds, every size before memory is
// taken for it.
namespace bart {

using Bytes = std::span<const std::uint8_t>;

inline bool starts_with(Bytes bytes, std::string_view prefix) {
  return bytes.size() >= prefix.size() &&
         std::equal(prefix.begin(), prefix.end(), bytes.begin(),
                    [](char a, std::uint8_t b) { return std::uint8_t(a) == b; });
}

inline std::uint32_t u16_le(Bytes bytes, std::size_t at) {
  return std::uint32_t(bytes[at] | bytes[at + 1] << 8);
}
inline std::uint32_t u16_be(Bytes bytes, std::size_t at) {
  return std::uint32_t(bytes[at] << 8 | bytes[at + 1]);
}
inline std::uint32_t u32_le(Bytes bytes, std::size_t at) {
  return u16_le(bytes, at) | u16_le(bytes, at + 2) << 16;
}
inline std::uint32_t u32_be(Bytes bytes, std::size_t at) {
  return u16_be(bytes, at) << 16 | u16_be(bytes, at + 2);
}

/// Up to `size` bytes from `at`: fewer, or none, where the file ends before.
inline Bytes slice(Bytes bytes, std::size_t at, std::size_t size = std::size_t(-1)) {
  at = std::min(at, bytes.size());
  return bytes.subspan(at, std::min(size, bytes.size() - at));
}

/// The number of pixels that a picture may have which this thread decodes: DecodeOptions::most_pixels.
std::uint64_t& most_pixels_here();

/// Throws PictureError for a size that is too large to take memory for.
inline void check_size(std::int64_t width, std::int64_t height) {
  // A TIFF can state 2^63 and more.
  if (width < 0 || height < 0) throw PictureError("a picture with a width or height that is not possible");
  if (width < 1 || height < 1)
    throw PictureError("a picture of " + std::to_string(width) + "x" + std::to_string(height) + " pixels");
  if (std::uint64_t(height) > most_pixels_here() / std::uint64_t(width))
    throw PictureError(std::to_string(width) + "x" + std::to_string(height) +
                       " pixels are more than the limit of " + std::to_string(most_pixels_here()));
}

/// Throws Error for a size that no picture can have.
inline void check_target_size(int width, int height) {
  if (width < 1 || height < 1 || checked_product(width, height) > max_pixels)
    throw Error("a picture cannot be resized to " + std::to_string(width) + "x" + std::to_string(height));
}

/// Throws Error if a picture of a caller does not have as many pixels as its size states.
inline void check_whole(const Picture& picture) {
  if (picture.width < 1 || picture.height < 1) throw Error("a picture without pixels");
  if (picture.pixels.size() != checked_product(picture.width, picture.height, 3))
    throw Error("a picture of " + std::to_string(picture.width) + "x" + std::to_string(picture.height) +
                " pixels that has " + std::to_string(picture.pixels.size()) +
                " bytes instead of three per pixel");
}

/// A black RGB picture of a checked size.
inline Picture new_picture(std::int64_t width, std::int64_t height) {
  check_size(width, height);
  return {int(width), int(height), std::vector<std::uint8_t>(checked_product(width, height, 3))};
}

}  // namespace bart
