#include <algorithm>
#include <array>
#include <string>
#include <tuple>
#include <utility>

#include "formats.h"
#include "orientation.h"
#include "tiff_codec.h"
#include "tiff_pixels.h"
#include "tiff_tags.h"

namespace bart {
namespace {

namespace tag {
constexpr std::uint32_t width = 256, height = 257, bits = 258, compression = 259, photometric = 262,
                        fill_order = 266, strip_offsets = 273, samples = 277, rows_per_strip = 278,
                        planes = 284, color_map = 320, tile_width = 322, tile_height = 323,
                        tile_offsets = 324, extra_samples = 338, sample_format = 339, xmp = 700,
                        media_photo = 0xBC01;
}

using Numbers = std::vector<std::int64_t>;

// What the tags say of the picture.
struct Description {
  std::int64_t width = 0, height = 0;
  std::int64_t compression = 1;
  bool separate_planes = false;
  int fill_order = 1;
  TiffPixels pixels;
  Palette palette{};
};

Palette read_palette(const TiffDirectory& tags) {
  const Numbers map = tags.numbers(tag::color_map);  // 16-bit values: all red, all green, all blue
  if (map.empty()) throw PictureError("broken TIFF: no palette");
  const std::size_t colors = map.size() / 3;
  if (colors > 256) throw PictureError("broken TIFF: a palette of over 256 colors");
  Palette palette{};
  for (std::size_t i = 0; i < colors; ++i)
    for (std::size_t c = 0; c < 3; ++c) palette[i][c] = std::uint8_t(map[c * colors + i] >> 8);
  return palette;
}

Description describe(const TiffDirectory& tags) {
  if (tags.has(tag::media_photo))
    throw PictureError("Windows Media Photo pictures are not supported: convert it to PNG or JPEG");
  Description description;
  description.width = tags.number(tag::width, 0);
  description.height = tags.number(tag::height, 0);
  description.compression = tags.number(tag::compression, 1);
  const bool old_jpeg = description.compression == 6;
  const Numbers photometrics = tags.numbers(tag::photometric);
  // Pillow treats several values as none, and none as 0.
  const std::int64_t photometric = old_jpeg ? 6 : photometrics.size() == 1 ? photometrics[0] : 0;
  description.fill_order = int(tags.number(tag::fill_order, 1));
  const std::int64_t planes = tags.number(tag::planes, 1);
  description.separate_planes = planes == 2;

  Numbers bits = tags.numbers(tag::bits), extra = tags.numbers(tag::extra_samples);
  if (bits.empty()) bits = {1};
  std::int64_t samples = tags.number(tag::samples, old_jpeg ? 3 : 1);
  if (description.separate_planes && !extra.empty() && *std::max_element(extra.begin(), extra.end()) == 0) {
    // Planes that mean nothing are left out.
    bits.resize(bits.size() - std::min(bits.size(), extra.size()));
    samples -= std::int64_t(extra.size());
    extra.clear();
  }
  if (samples < 1 || samples > 6)
    throw PictureError("TIFF pictures of " + std::to_string(samples) +
                       " samples per pixel are not supported");
  if (std::size_t(samples) < bits.size() || bits.size() == 1)
    bits.resize(std::size_t(samples), bits.empty() ? 1 : bits[0]);
  if (bits.size() != std::size_t(samples))
    throw PictureError("broken TIFF: its samples and their bits do not go together");
  description.pixels = tiff_pixels(tags.little_endian(), int(photometric), tags.numbers(tag::sample_format),
                                   description.fill_order, bits, extra);
  if (description.pixels.kind == TiffPixels::Kind::palette) description.palette = read_palette(tags);
  return description;
}

// A part of an uncompressed picture: a strip or a tile, of all samples or of one plane.
struct Part {
  std::int64_t left, top, right, bottom;
  std::size_t plane;
  std::uint64_t offset;
  std::size_t stride;  // 0: rows without padding

  bool same_place(const Part& other) const {
    return left == other.left && top == other.top && plane == other.plane;
  }
};

// The parts, one for each place: of several the last in the file.
std::vector<Part> parts_of(const TiffDirectory& tags, const Description& d) {
  const bool strips = tags.has(tag::strip_offsets);
  Numbers offsets = tags.numbers(strips ? tag::strip_offsets : tag::tile_offsets);
  if (offsets.empty()) throw PictureError("broken TIFF: no picture data");
  const std::int64_t width = strips ? d.width : tags.number(tag::tile_width, 0);
  const std::int64_t height =
      strips ? tags.number(tag::rows_per_strip, d.height) : tags.number(tag::tile_height, 0);
  if (width < 1 || height < 1) throw PictureError("broken TIFF: strips or tiles without pixels");
  if (width == d.width && height == d.height && !d.separate_planes)
    offsets.erase(offsets.begin(), offsets.end() - 1);

  const std::uint64_t pixel_bits =
      std::uint64_t(d.pixels.bits) * std::uint64_t(d.separate_planes ? 1 : d.pixels.samples);
  std::vector<Part> parts;
  std::int64_t x = 0, y = 0;
  std::size_t plane = 0;
  for (const std::int64_t offset : offsets) {
    const auto right = std::int64_t(checked_sum(x, width)), bottom = std::int64_t(checked_sum(y, height));
    const std::size_t stride = right > d.width ? checked_product(width, pixel_bits) / 8 : 0;
    parts.push_back({x, y, std::min(right, d.width), std::min(bottom, d.height),
                     d.separate_planes ? plane : 0, std::uint64_t(offset), stride});
    x = right;
    if (x < d.width) continue;
    x = 0;
    y = bottom;
    if (y < d.height) continue;
    y = 0;
    ++plane;
  }
  // A file may state one place a million times; the last part for a place counts.
  std::stable_sort(parts.begin(), parts.end(), [](const Part& a, const Part& b) {
    return std::tuple(a.plane, a.top, a.left, a.offset) < std::tuple(b.plane, b.top, b.left, b.offset);
  });
  std::vector<Part> kept;
  for (const Part& part : parts) {
    if (!kept.empty() && kept.back().same_place(part)) kept.pop_back();
    kept.push_back(part);
  }
  return kept;
}

Picture decode_uncompressed(Bytes file, const TiffDirectory& tags, const Description& d, Decoding& decoding) {
  const std::size_t width = std::size_t(d.width);
  TiffPixels layout = d.pixels;
  const std::size_t planes = d.separate_planes ? std::size_t(layout.samples) : 1;
  if (planes > 1 && (layout.bits != 8 || layout.premultiplied || layout.mode_channels < 3))
    throw PictureError(
        "TIFF pictures with such separate planes are not supported: convert it to PNG or JPEG");
  check_size(d.width, d.height);
  const std::size_t interleaved_bytes = planes > 1 ? checked_product(width, d.height, planes) : 0;
  decoding.claim(d.width, d.height, interleaved_bytes);
  Picture picture = new_picture(d.width, d.height);
  std::vector<std::uint8_t> interleaved(interleaved_bytes);
  if (planes == 1) {
    // Pixels that no part covers stay zero as stored, which is white in CMYK.
    TiffPixels stored = layout;
    stored.inverted = false;
    const std::array<std::uint8_t, 6 * 4> zero{};  // one pixel of the most samples there are
    std::array<std::uint8_t, 3> color{};
    unpack_tiff_row(stored, tags.little_endian(), zero.data(), 1, d.palette, color.data());
    if (color != std::array<std::uint8_t, 3>{})
      for (std::size_t i = 0; i < picture.pixels.size(); ++i) picture.pixels[i] = color[i % 3];
  }
  std::vector<std::uint8_t> reversed;
  for (const Part& part : parts_of(tags, d)) {
    if (part.plane >= planes) throw PictureError("broken TIFF: more planes than samples");
    const std::size_t columns = std::size_t(part.right - part.left),
                      rows = std::size_t(part.bottom - part.top);
    const std::size_t row_bytes =
        bytes_of_bits(checked_product(columns, layout.bits, planes > 1 ? 1 : layout.samples));
    const std::size_t stride = part.stride ? part.stride : row_bytes;
    if (stride < row_bytes) throw PictureError("broken TIFF: tiles of a broken size");
    const Bytes bytes = slice(file, part.offset);
    if (bytes.size() < checked_sum(checked_product(stride, rows - 1), row_bytes))
      throw PictureError("truncated TIFF: the file ends before the picture does");
    // The rows of a strip are one long row where there is nothing between them.
    const bool whole_rows = planes == 1 && d.fill_order != 2 && columns == width && stride == row_bytes &&
                            columns * std::size_t(layout.bits) * std::size_t(layout.samples) % 8 == 0;
    if (whole_rows)
      unpack_tiff_row(layout, tags.little_endian(), bytes.data(), rows * columns, d.palette,
                      &picture.pixels[std::size_t(part.top) * width * 3]);
    for (std::size_t y = 0; y < (whole_rows ? 0 : rows); ++y) {
      const std::uint8_t* row = &bytes[y * stride];
      if (d.fill_order == 2) {
        reversed.assign(row, row + row_bytes);
        for (std::uint8_t& byte : reversed) {
          std::uint8_t turned = 0;
          for (int bit = 0; bit < 8; ++bit) turned = std::uint8_t(turned | (byte >> bit & 1) << (7 - bit));
          byte = turned;
        }
        row = reversed.data();
      }
      const std::size_t to = (std::size_t(part.top) + y) * width + std::size_t(part.left);
      if (planes == 1)
        unpack_tiff_row(layout, tags.little_endian(), row, columns, d.palette, &picture.pixels[to * 3]);
      else
        for (std::size_t i = 0; i < columns; ++i) interleaved[(to + i) * planes + part.plane] = row[i];
    }
  }
  if (planes > 1)
    unpack_tiff_row(layout, tags.little_endian(), interleaved.data(), width * std::size_t(d.height),
                    d.palette, picture.pixels.data());
  return picture;
}

}  // namespace

DecodedPicture decode_tiff(Bytes file, Decoding& decoding) {
  const TiffDirectory tags(file);
  if (!tags.found()) throw PictureError("truncated TIFF: no directory in it");
  const Description d = describe(tags);
  DecodedPicture decoded;
  decoded.format = "TIFF";
  decoded.mode = d.pixels.mode;
  if (d.compression == 1) {
    decoded.picture = decode_uncompressed(file, tags, d, decoding);
  } else {
    if (d.pixels.kind == TiffPixels::Kind::ycbcr) decoded.mode = "RGB";
    decoded.picture = decode_with_libtiff(file, d.pixels, d.palette, d.width, d.height, decoding);
  }
  // Pillow turns a TIFF upright while it opens it, and then knows of no orientation any more.
  const Bytes xmp = tags.bytes(tag::xmp);
  decoded.picture =
      oriented(std::move(decoded.picture),
               stated_orientation(file, {reinterpret_cast<const char*>(xmp.data()), xmp.size()}));
  return decoded;
}

}  // namespace bart
