#include "tiff_pixels.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "checked.h"

namespace bart {
namespace {

using Numbers = std::vector<std::int64_t>;

[[noreturn]] void unsupported(const std::string& what) {
  throw PictureError("TIFF pictures " + what + " are not supported: convert it to PNG or JPEG");
}

std::uint8_t clipped(std::int64_t value) {
  return std::uint8_t(std::clamp<std::int64_t>(value, 0, 255));
}

std::uint32_t sample(const std::uint8_t* at, int bytes, bool little) {
  std::uint32_t value = 0;
  for (int i = 0; i < bytes; ++i) value = value << 8 | at[little ? bytes - 1 - i : i];
  return value;
}

// Pillow's table of YCbCr to RGB: 6-bit fixed point, rounded toward zero after adding a half.
std::uint8_t from_ycbcr(int y, double cb_factor, int cb, double cr_factor, int cr) {
  const auto part = [](double factor, int chroma) { return int((chroma - 128) * 64 * factor + 0.5); };
  return clipped(y + ((part(cb_factor, cb) + part(cr_factor, cr)) >> 6));
}

}  // namespace

// The combinations of Pillow's OPEN_INFO (TiffImagePlugin.py).
TiffPixels tiff_pixels(bool little_endian, int photometric, Numbers format, int fill_order,
                       const Numbers& bits, const Numbers& extra) {
  if (format.empty()) format = {1};
  if (std::all_of(format.begin(), format.end(), [&](auto f) { return f == format[0]; })) format.resize(1);
  TiffPixels layout;
  layout.samples = int(bits.size());
  layout.bits = int(bits[0]);
  const bool equal_bits = std::all_of(bits.begin(), bits.end(), [&](auto b) { return b == bits[0]; });
  const bool plain = format[0] == 1;
  const auto no_more_than = [&](std::size_t channels) { return bits.size() == channels + extra.size(); };
  if (photometric == 8) unsupported("in the LAB color space");
  if (format.size() != 1 || !equal_bits || bits.size() > 6) unsupported("with samples of different kinds");

  using Kind = TiffPixels::Kind;
  bool known = false;
  if (photometric == 0 || photometric == 1 || (photometric == 6 && bits.size() == 1)) {
    layout.inverted = photometric == 0;
    layout.mode = layout.bits == 1 ? "1" : "L";
    const bool small = layout.bits == 1 || layout.bits == 2 || layout.bits == 4 || layout.bits == 8;
    if (bits.size() == 1 && extra.empty()) {
      if (small) {
        known = plain || (format[0] == 2 && layout.bits == 8 && photometric == 1 && fill_order == 1);
      } else if (layout.bits == 12) {
        layout.kind = Kind::gray16;
        layout.mode = "I;16";
        known = plain && photometric == 1 && little_endian && fill_order == 1;
      } else if (layout.bits == 16 && plain) {
        layout.kind = Kind::gray16;
        layout.inverted = false;  // nor does Pillow turn it
        layout.mode = little_endian ? "I;16" : "I;16B";
        known = little_endian ? photometric == 1 || fill_order == 1 : photometric == 1 && fill_order == 1;
      } else if ((layout.bits == 16 && format[0] == 2) || (layout.bits == 32 && format[0] <= 2)) {
        layout.kind = layout.bits == 16 ? Kind::gray16 : Kind::gray32;
        layout.is_signed = true;
        layout.mode = "I";
        known = photometric == 1 && fill_order == 1 && (format[0] == 2 || little_endian);
      } else if (layout.bits == 32 && format[0] == 3) {
        layout.kind = Kind::real;
        layout.inverted = false;
        layout.mode = "F";
        known = fill_order == 1;
      }
    } else if (bits.size() == 2 && extra.size() == 1 && layout.bits == 8 && photometric == 1) {
      layout.mode = extra[0] == 2 ? "LA" : "L";
      layout.mode_channels = extra[0] == 2 ? 2 : 1;
      known = plain && fill_order == 1 && (extra[0] == 0 || extra[0] == 2);
    }
  } else if (photometric == 2) {
    layout.kind = Kind::rgb;
    const bool alpha = extra.empty() ? bits.size() == 4 : extra[0] != 0;
    layout.mode = alpha ? "RGBA" : "RGB";
    layout.mode_channels = alpha ? 4 : 3;
    layout.premultiplied = !extra.empty() && extra[0] == 1;
    const bool extra_known =
        extra.empty() || ((extra[0] <= 2 || (extra[0] == 999 && extra.size() == 1 && layout.bits == 8)) &&
                          std::all_of(extra.begin() + 1, extra.end(), [](auto e) { return e == 0; }) &&
                          (layout.bits == 8 || extra.size() == 1));
    known = plain && extra_known && (layout.bits == 8 || layout.bits == 16) &&
            (no_more_than(3) || (extra.empty() && bits.size() == 4)) &&
            (fill_order == 1 || (layout.bits == 8 && bits.size() == 3));
  } else if (photometric == 3) {
    layout.kind = Kind::palette;
    layout.mode = extra.size() == 1 && extra[0] == 2 ? "PA" : "P";
    layout.mode_channels = layout.mode == "PA" ? 2 : 1;
    known = plain && (bits.size() == 1 ? extra.empty() && (layout.bits == 1 || layout.bits == 2 ||
                                                           layout.bits == 4 || layout.bits == 8)
                                       : bits.size() == 2 && extra.size() == 1 && layout.bits == 8 &&
                                             fill_order == 1 && (extra[0] == 0 || extra[0] == 2));
  } else if (photometric == 5) {
    layout.kind = Kind::cmyk;
    layout.mode = "CMYK";
    layout.mode_channels = 4;
    known = plain && fill_order == 1 && no_more_than(4) &&
            std::all_of(extra.begin(), extra.end(), [](auto e) { return e == 0; }) &&
            (layout.bits == 8 || (layout.bits == 16 && extra.empty()));
  } else if (photometric == 6) {
    layout.kind = Kind::ycbcr;
    layout.mode = "YCbCr";
    layout.mode_channels = 3;
    known = plain && fill_order == 1 && bits.size() == 3 && extra.empty() && layout.bits == 8;
  }
  if (!known)
    unsupported("with photometric interpretation " + std::to_string(photometric) + " and " +
                std::to_string(bits.size()) + " samples of " + std::to_string(bits[0]) + " bits");
  return layout;
}

void unpack_tiff_row(const TiffPixels& layout, bool little_endian, const std::uint8_t* row,
                     std::size_t pixels, const Palette& palette, std::uint8_t* rgb) {
  using Kind = TiffPixels::Kind;
  const std::size_t bytes = std::size_t(layout.bits / 8);  // of a sample, 0 below 8 bits
  const std::size_t step = bytes * std::size_t(layout.samples);
  // The high byte of a sample of 8 or 16 bits.
  const std::size_t high = bytes == 2 && little_endian ? 1 : 0;
  if (layout.bits < 8) {
    const bool index = layout.kind == Kind::palette;
    const Packing packing = layout.bits == 1   ? (index ? Packing::index1 : Packing::gray1)
                            : layout.bits == 2 ? (index ? Packing::index2 : Packing::gray2)
                                               : (index ? Packing::index4 : Packing::gray4);
    unpack_row(packing, row, pixels, palette, rgb);
    if (layout.inverted)
      for (std::size_t i = 0; i < 3 * pixels; ++i) rgb[i] = std::uint8_t(~rgb[i]);
    return;
  }
  for (std::size_t x = 0; x < pixels; ++x, rgb += 3) {
    const std::uint8_t* at = row + x * step;
    switch (layout.kind) {
      case Kind::gray:
        std::memset(rgb, layout.inverted ? 255 - at[0] : at[0], 3);
        break;
      case Kind::gray16: {
        if (layout.bits == 12) {
          const std::uint8_t* pair = row + x / 2 * 3;
          std::memset(rgb, clipped(x % 2 == 0 ? pair[0] << 4 | pair[1] >> 4 : (pair[1] & 15) << 8 | pair[2]),
                      3);
        } else {
          const std::uint32_t value = sample(at, 2, little_endian);
          std::memset(rgb, clipped(layout.is_signed ? std::int16_t(value) : std::int32_t(value)), 3);
        }
        break;
      }
      case Kind::gray32:
        std::memset(rgb, clipped(std::int32_t(sample(at, 4, little_endian))), 3);
        break;
      case Kind::real: {
        const float value = std::bit_cast<float>(sample(at, 4, little_endian));
        std::memset(rgb, value >= 255 ? 255 : value > 0 ? std::uint8_t(value) : 0, 3);
        break;
      }
      case Kind::rgb: {
        for (std::size_t c = 0; c < 3; ++c) rgb[c] = at[c * bytes + high];
        const int alpha = layout.premultiplied ? at[3 * bytes + high] : 255;
        if (alpha != 255)
          for (std::size_t c = 0; c < 3; ++c) rgb[c] = alpha ? clipped(rgb[c] * 255 / alpha) : 0;
        break;
      }
      case Kind::palette:
        std::memcpy(rgb, palette[at[0]].data(), 3);
        break;
      case Kind::cmyk:
        for (std::size_t c = 0; c < 3; ++c) rgb[c] = without_ink(at[c * bytes + high], at[3 * bytes + high]);
        break;
      case Kind::ycbcr:
        rgb[0] = from_ycbcr(at[0], 0, 128, 1.402, at[2]);
        rgb[1] = from_ycbcr(at[0], -0.34414, at[1], -0.71414, at[2]);
        rgb[2] = from_ycbcr(at[0], 1.772, at[1], 0, 128);
        break;
    }
  }
}

}  // namespace bart
