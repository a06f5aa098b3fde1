#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace bart {

using Palette = std::array<std::array<std::uint8_t, 3>, 256>;  // missing entries are black, as Pillow's

/// How a row of pixels lies in memory. Gray of 16 bits is clipped at 255, as Pillow's conversion of its mode
/// "I;16" does; 16 bits of the other kinds are cut to their high byte.
enum class Packing {
  gray1,  // most significant bit first, 1 is white
  gray1_inverted,
  gray1_bytes,  // one byte per pixel, all but 0 is white
  gray2,
  gray4,
  gray8,
  gray16_be,
  gray8_alpha8,
  gray16_be_alpha16,
  rgb8,
  rgb16_be,
  rgba8,
  rgba16_be,
  index1,
  index2,
  index4,
  index8,
  bgr5,  // 16 bits, little-endian, the highest unused
  bgr565,
  bgr8,
  bgrx8,  // also with alpha
  xbgr8,
  bgxr8,
};

int bits_per_pixel(Packing packing);

/// row: pixels * bits_per_pixel(packing) bits, rounded up to bytes; rgb: [pixels, 3].
void unpack_row(Packing packing, const std::uint8_t* row, std::size_t pixels, const Palette& palette,
                std::uint8_t* rgb);

/// One channel of a CMYK pixel as Pillow shows it in RGB.
inline std::uint8_t without_ink(int ink, int key) {
  const int product = ink * (255 - key) + 128;
  return std::uint8_t(255 - key - ((product + (product >> 8)) >> 8));  // the product / 255, rounded
}

}  // namespace bart
