#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "unpack.h"

namespace bart {

/// How the samples of a TIFF's pixels lie and what they mean.
struct TiffPixels {
  enum class Kind { gray, gray16, gray32, real, rgb, palette, cmyk, ycbcr };
  Kind kind{};
  int bits = 8;           // of a sample: 1, 2, 4, 8, 12, 16 or 32
  int samples = 1;        // of a pixel
  bool inverted = false;  // gray: 0 is white
  bool is_signed = false;
  bool premultiplied = false;  // rgb: by the fourth sample
  std::string mode;            // Pillow's
  int mode_channels = 1;       // of that mode: on how many planes Pillow reads such a picture
};

/// What a TIFF's tags ask for; throws PictureError for what Pillow 13 does not read, or BART does not.
/// bits, extra: of each sample; format: of the samples, 1 unsigned, 2 signed, 3 floating point.
TiffPixels tiff_pixels(bool little_endian, int photometric, std::vector<std::int64_t> format, int fill_order,
                       const std::vector<std::int64_t>& bits, const std::vector<std::int64_t>& extra);

/// row: a row of pixels, samples of 16 and 32 bits in the given order; rgb: [pixels, 3].
void unpack_tiff_row(const TiffPixels& layout, bool little_endian, const std::uint8_t* row,
                     std::size_t pixels, const Palette& palette, std::uint8_t* rgb);

}  // namespace bart
