#include "unpack.h"

#include <cstring>

namespace bart {
namespace {

// Calls put(x, value) with the `bits` wide values of a row, most significant first.
template <int bits, class Put>
void for_each_value(const std::uint8_t* row, std::size_t pixels, Put put) {
  constexpr std::size_t per_byte = 8 / bits;
  for (std::size_t x = 0; x < pixels; ++x) {
    const int shift = int(8 - bits - bits * (x % per_byte));
    put(x, (row[x / per_byte] >> shift) & ((1 << bits) - 1));
  }
}

template <int bits>
void unpack_gray(const std::uint8_t* row, std::size_t pixels, std::uint8_t* rgb) {
  for_each_value<bits>(row, pixels, [&](std::size_t x, int value) {
    std::memset(rgb + 3 * x, value * 255 / ((1 << bits) - 1), 3);
  });
}

template <int bits>
void unpack_index(const std::uint8_t* row, std::size_t pixels, const Palette& palette, std::uint8_t* rgb) {
  for_each_value<bits>(row, pixels, [&](std::size_t x, int value) {
    std::memcpy(rgb + 3 * x, palette[std::size_t(value)].data(), 3);
  });
}

// `stride` bytes per pixel, of which the first is its gray value.
template <std::size_t stride>
void copy_gray(const std::uint8_t* row, std::size_t pixels, std::uint8_t* rgb) {
  for (std::size_t x = 0; x < pixels; ++x) std::memset(rgb + 3 * x, row[stride * x], 3);
}

// `stride` bytes per pixel, with red, green and blue at these offsets.
template <std::size_t stride, std::size_t red, std::size_t green, std::size_t blue>
void copy_channels(const std::uint8_t* row, std::size_t pixels, std::uint8_t* rgb) {
  for (std::size_t x = 0; x < pixels; ++x, row += stride, rgb += 3) {
    rgb[0] = row[red];
    rgb[1] = row[green];
    rgb[2] = row[blue];
  }
}

template <int green_bits>
void unpack_bgr16(const std::uint8_t* row, std::size_t pixels, std::uint8_t* rgb) {
  constexpr int green_max = (1 << green_bits) - 1;
  for (std::size_t x = 0; x < pixels; ++x, row += 2, rgb += 3) {
    const int pixel = row[0] | row[1] << 8;
    rgb[0] = std::uint8_t((pixel >> (5 + green_bits) & 31) * 255 / 31);
    rgb[1] = std::uint8_t((pixel >> 5 & green_max) * 255 / green_max);
    rgb[2] = std::uint8_t((pixel & 31) * 255 / 31);
  }
}

}  // namespace

int bits_per_pixel(Packing packing) {
  switch (packing) {
    case Packing::gray1:
    case Packing::gray1_inverted:
    case Packing::index1:
      return 1;
    case Packing::gray2:
    case Packing::index2:
      return 2;
    case Packing::gray4:
    case Packing::index4:
      return 4;
    case Packing::gray1_bytes:
    case Packing::gray8:
    case Packing::index8:
      return 8;
    case Packing::gray16_be:
    case Packing::gray8_alpha8:
    case Packing::bgr5:
    case Packing::bgr565:
      return 16;
    case Packing::rgb8:
    case Packing::bgr8:
      return 24;
    case Packing::gray16_be_alpha16:
    case Packing::rgba8:
    case Packing::bgrx8:
    case Packing::xbgr8:
    case Packing::bgxr8:
      return 32;
    case Packing::rgb16_be:
      return 48;
    case Packing::rgba16_be:
      return 64;
  }
  return 0;
}

void unpack_row(Packing packing, const std::uint8_t* row, std::size_t pixels, const Palette& palette,
                std::uint8_t* rgb) {
  switch (packing) {
    case Packing::gray1:
      return unpack_gray<1>(row, pixels, rgb);
    case Packing::gray1_inverted:
      return for_each_value<1>(row, pixels,
                               [&](std::size_t x, int bit) { std::memset(rgb + 3 * x, bit ? 0 : 255, 3); });
    case Packing::gray1_bytes:
      for (std::size_t x = 0; x < pixels; ++x) std::memset(rgb + 3 * x, row[x] ? 255 : 0, 3);
      return;
    case Packing::gray2:
      return unpack_gray<2>(row, pixels, rgb);
    case Packing::gray4:
      return unpack_gray<4>(row, pixels, rgb);
    case Packing::gray8:
      return copy_gray<1>(row, pixels, rgb);
    case Packing::gray16_be:
      for (std::size_t x = 0; x < pixels; ++x) std::memset(rgb + 3 * x, row[2 * x] ? 255 : row[2 * x + 1], 3);
      return;
    case Packing::gray8_alpha8:
      return copy_gray<2>(row, pixels, rgb);
    case Packing::gray16_be_alpha16:
      return copy_gray<4>(row, pixels, rgb);
    case Packing::rgb8:
      std::memcpy(rgb, row, pixels * 3);
      return;
    case Packing::rgb16_be:
      return copy_channels<6, 0, 2, 4>(row, pixels, rgb);
    case Packing::rgba8:
      return copy_channels<4, 0, 1, 2>(row, pixels, rgb);
    case Packing::rgba16_be:
      return copy_channels<8, 0, 2, 4>(row, pixels, rgb);
    case Packing::index1:
      return unpack_index<1>(row, pixels, palette, rgb);
    case Packing::index2:
      return unpack_index<2>(row, pixels, palette, rgb);
    case Packing::index4:
      return unpack_index<4>(row, pixels, palette, rgb);
    case Packing::index8:
      return unpack_index<8>(row, pixels, palette, rgb);
    case Packing::bgr5:
      return unpack_bgr16<5>(row, pixels, rgb);
    case Packing::bgr565:
      return unpack_bgr16<6>(row, pixels, rgb);
    case Packing::bgr8:
      return copy_channels<3, 2, 1, 0>(row, pixels, rgb);
    case Packing::bgrx8:
      return copy_channels<4, 2, 1, 0>(row, pixels, rgb);
    case Packing::xbgr8:
      return copy_channels<4, 3, 2, 1>(row, pixels, rgb);
    case Packing::bgxr8:
      return copy_channels<4, 3, 1, 0>(row, pixels, rgb);
  }
}

}  // namespace bart
