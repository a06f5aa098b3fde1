#include <cmath>
#include <string>
#include <tuple>

#include "formats.h"

namespace bart {
namespace {

struct Entry {
  std::size_t square = 0;
  int depth = 0;
  std::uint32_t bits = 0, size = 0, offset = 0;
};

[[noreturn]] void truncated_ico() {
  throw PictureError("truncated ICO: the file ends before the picture does");
}

// The entry that Pillow opens: the largest, of those the one of least depth, of those the first.
Entry largest_entry(Bytes file) {
  if (file.size() < 6) truncated_ico();
  const std::size_t count = u16_le(file, 4);
  if (count == 0) throw PictureError("broken ICO: no picture in it");
  Entry largest;
  for (std::size_t i = 0; i < count; ++i) {
    const Bytes fields = slice(file, 6 + 16 * i, 16);
    if (fields.size() < 16) truncated_ico();
    const std::size_t width = fields[0] ? fields[0] : 256, height = fields[1] ? fields[1] : 256;
    const int colors = fields[2];
    Entry entry{width * height, int(u16_le(fields, 6)), u16_le(fields, 6), u32_le(fields, 8),
                u32_le(fields, 12)};
    if (entry.depth == 0 && colors != 0) entry.depth = int(std::ceil(std::log2(colors)));
    if (entry.depth == 0) entry.depth = 256;
    if (i == 0 || entry.square > largest.square ||
        (entry.square == largest.square && entry.depth < largest.depth))
      largest = entry;
  }
  return largest;
}

}  // namespace

DecodedPicture decode_ico(Bytes file, Decoding& decoding) {
  const Entry entry = largest_entry(file);
  DecodedPicture decoded;
  if (starts_with(slice(file, entry.offset), "\x89PNG\r\n\x1a\n")) {
    decoded = decode_png(slice(file, entry.offset), decoding);
  } else {
    Dib dib = decode_dib(file, {.at = entry.offset, .in_icon = true}, decoding);
    decoded = std::move(dib.decoded);
    decoded.mode = "RGBA";
    // The mask is transparency, which is not applied; but where it is missing, Pillow takes the file for
    // broken.
    const std::size_t width = std::size_t(decoding.width()), height = std::size_t(decoding.height());
    const std::size_t mask_size = entry.bits == 32 ? width * height * 4 : (width + 31) / 32 * 4 * height;
    const std::size_t mask_at =
        entry.bits == 32 ? dib.pixels_at : std::size_t(entry.offset) + entry.size - mask_size;
    if (mask_at > file.size() || slice(file, mask_at, mask_size).size() < mask_size) truncated_ico();
  }
  decoded.format = "ICO";
  decoded.exif_orientation = 1;
  return decoded;
}

}  // namespace bart
