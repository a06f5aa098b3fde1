#include <bit>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>

#include "formats.h"
#include "unpack.h"

namespace bart {
namespace {

enum Compression : std::uint32_t { raw = 0, rle8 = 1, rle4 = 2, bitfields = 3 };

struct Header {
  std::uint32_t size = 0;
  std::int64_t width = 0, height = 0;
  bool top_down = false;
  std::uint32_t bits = 0, compression = raw, colors = 0;
  std::size_t bytes_per_color = 4;
  std::uint32_t masks[4] = {};  // red, green, blue, alpha
  std::size_t end = 0;          // where the palette starts
};

[[noreturn]] void truncated_bmp() {
  throw PictureError("truncated BMP: the file ends before the picture does");
}

Header read_header(Bytes file, std::size_t at) {
  Header header;
  if (slice(file, at).size() < 4) truncated_bmp();
  header.size = u32_le(file, at);
  if (header.size != 12 && header.size != 40 && header.size != 52 && header.size != 56 && header.size != 64 &&
      header.size != 108 && header.size != 124)
    throw PictureError("BMP pictures with a header of " + std::to_string(header.size) +
                       " bytes are not supported");
  const Bytes fields = slice(file, at, header.size);
  if (fields.size() < header.size) truncated_bmp();
  header.end = at + header.size;
  if (header.size == 12) {  // OS/2 1.x
    header.width = u16_le(fields, 4);
    header.height = u16_le(fields, 6);
    header.bits = u16_le(fields, 10);
    header.bytes_per_color = 3;
  } else {
    header.top_down = fields[11] == 0xFF;  // a negative height, as far as Pillow knows them
    const auto width = std::bit_cast<std::int32_t>(u32_le(fields, 4));
    const auto height = std::bit_cast<std::int32_t>(u32_le(fields, 8));
    if (width < 0 || (height < 0 && !header.top_down)) {
      throw PictureError("BMP pictures with a " + std::string(width < 0 ? "width" : "height") + " of " +
                         std::to_string(width < 0 ? width : height) + " are not supported");
    }
    header.width = width;
    header.height = std::abs(std::int64_t{height});
    header.bits = u16_le(fields, 14);
    header.compression = u32_le(fields, 16);
    header.colors = u32_le(fields, 32);
    if (header.compression == bitfields) {
      const bool inside = header.size >= 52;
      const Bytes masks =
          inside ? slice(fields, 40, header.size >= 56 ? 16 : 12) : slice(file, header.end, 12);
      if (masks.size() < 12) truncated_bmp();
      for (std::size_t i = 0; i < masks.size() / 4; ++i) header.masks[i] = u32_le(masks, 4 * i);
      if (!inside) header.end += 12;
    }
  }
  if (header.colors == 0 && header.bits < 32) header.colors = std::uint32_t{1} << header.bits;
  return header;
}

// The packing and Pillow's mode of a picture whose pixels are colors.
std::pair<Packing, const char*> direct_packing(const Header& header) {
  struct Layout {
    std::uint32_t bits, red, green, blue, alpha;
    Packing packing;
    const char* mode;
  };
  static constexpr Layout known[] = {
      {32, 0xFF0000, 0xFF00, 0xFF, 0, Packing::bgrx8, "RGB"},
      {32, 0xFF000000, 0xFF0000, 0xFF00, 0, Packing::xbgr8, "RGB"},
      {32, 0xFF000000, 0xFF00, 0xFF, 0, Packing::bgxr8, "RGB"},
      {32, 0xFF000000, 0xFF0000, 0xFF00, 0xFF, Packing::xbgr8, "RGBA"},
      {32, 0xFF, 0xFF00, 0xFF0000, 0xFF000000, Packing::rgba8, "RGBA"},
      {32, 0xFF0000, 0xFF00, 0xFF, 0xFF000000, Packing::bgrx8, "RGBA"},
      {32, 0xFF000000, 0xFF00, 0xFF, 0xFF0000, Packing::bgxr8, "RGBA"},
      {32, 0, 0, 0, 0, Packing::bgrx8, "RGBA"},
      {24, 0xFF0000, 0xFF00, 0xFF, 0, Packing::bgr8, "RGB"},
      {16, 0xF800, 0x7E0, 0x1F, 0, Packing::bgr565, "RGB"},
      {16, 0x7C00, 0x3E0, 0x1F, 0, Packing::bgr5, "RGB"},
  };
  if (header.compression == raw)
    return {header.bits == 16 ? Packing::bgr5 : header.bits == 24 ? Packing::bgr8 : Packing::bgrx8, "RGB"};
  if (header.compression == bitfields)
    for (const Layout& one : known)
      if (one.bits == header.bits && one.red == header.masks[0] && one.green == header.masks[1] &&
          one.blue == header.masks[2] && (one.bits != 32 || one.alpha == header.masks[3]))
        return {one.packing, one.mode};
  throw PictureError("BMP pictures of " + std::to_string(header.bits) +
                     " bits with this compression are not supported");
}

// Run-length coded indices, from the bottom row up unless top_down: [height, width], decoded leniently as
// Pillow does. Throws where they do not fill the picture.
std::vector<std::uint8_t> decode_rle(Bytes file, std::size_t at, std::size_t width, std::size_t height,
                                     bool four_bits) {
  const std::size_t size = width * height;
  std::vector<std::uint8_t> indices;
  indices.reserve(std::min(size, file.size() * 256));
  std::size_t x = 0;
  const auto put = [&](std::size_t count, std::uint8_t value) {
    indices.insert(indices.end(), std::min(count, size - indices.size()), value);
  };
  while (indices.size() < size && at + 2 <= file.size()) {
    const std::uint8_t count = file[at], value = file[at + 1];
    at += 2;
    if (count > 0) {
      const std::size_t pixels = std::min<std::size_t>(count, width - std::min(x, width));
      for (std::size_t i = 0; i < pixels; ++i)
        put(1, four_bits ? std::uint8_t(i % 2 == 0 ? value >> 4 : value & 15) : value);
      x += pixels;
    } else if (value == 0) {  // end of line
      put((width - indices.size() % width) % width, 0);
      x = 0;
    } else if (value == 1) {  // end of the picture
      break;
    } else if (value == 2) {  // skip to the right and up
      if (at + 2 > file.size()) break;
      put(file[at] + file[at + 1] * width, 0);
      at += 2;
      x = indices.size() % width;
    } else {  // as many indices as they are
      const std::size_t pixels = std::min<std::size_t>(size - indices.size(), value);
      const std::size_t stored = four_bits ? (pixels + 1) / 2 : pixels;
      const Bytes bytes = slice(file, at, stored);
      at += bytes.size();
      for (std::size_t i = 0; i < bytes.size(); ++i) {
        put(1, four_bits ? bytes[i] >> 4 : bytes[i]);
        if (four_bits && i * 2 + 1 < pixels) put(1, bytes[i] & 15);
      }
      if (bytes.size() < stored) break;
      x += value;
      at += at % 2;
    }
  }
  if (indices.size() < size)
    throw PictureError("broken BMP: its run-length coded data do not fill the picture");
  return indices;
}

}  // namespace

Dib decode_dib(Bytes file, const DibOptions& options, Decoding& decoding) {
  const Header header = read_header(file, options.at);
  if (header.bits != 1 && header.bits != 4 && header.bits != 8 && header.bits != 16 && header.bits != 24 &&
      header.bits != 32)
    throw PictureError("BMP pictures of " + std::to_string(header.bits) + " bits are not supported");
  if (header.compression > bitfields)
    throw PictureError("BMP pictures with compression " + std::to_string(header.compression) +
                       " are not supported");
  const bool run_length = header.compression == rle8 || header.compression == rle4;

  Dib dib;
  dib.pixels_at = options.pixels_at;
  if (options.pixels_at == 14 + std::size_t(header.size) && header.bits <= 8)
    dib.pixels_at += header.bytes_per_color * header.colors;  // files that forget their palette

  Palette palette{};
  Packing packing{};
  std::size_t palette_end = header.end;
  if (header.bits <= 8 && header.compression != bitfields) {
    if (header.colors < 1 || header.colors > 65536)
      throw PictureError("broken BMP: a palette of " + std::to_string(header.colors) + " colors");
    const Bytes colors = slice(file, header.end, header.bytes_per_color * header.colors);
    palette_end += colors.size();
    bool gray = true;
    for (std::size_t i = 0; i < header.colors && gray; ++i) {
      const Bytes color = slice(colors, i * header.bytes_per_color, 3);
      const std::uint8_t level = header.colors == 2 ? std::uint8_t(i * 255) : std::uint8_t(i);
      gray = color.size() == 3 && color[0] == level && color[1] == level && color[2] == level;
    }
    if (gray) {
      // Pillow drops such a palette, and reads the pixels as the gray values that they then are.
      dib.decoded.mode = header.colors <= 2 ? "1" : "L";
      packing = header.colors > 2 ? Packing::gray8 : run_length ? Packing::gray1_bytes : Packing::gray1;
    } else {
      if (colors.size() / header.bytes_per_color > 256)
        throw PictureError("broken BMP: a palette of over 256 colors");
      for (std::size_t i = 0; i < colors.size() / header.bytes_per_color; ++i)
        for (std::size_t c = 0; c < 3; ++c) palette[i][c] = colors[i * header.bytes_per_color + 2 - c];
      dib.decoded.mode = "P";
      packing = run_length || header.bits == 8 ? Packing::index8
                : header.bits == 4             ? Packing::index4
                                               : Packing::index1;
    }
  } else {
    const auto [direct, mode] = direct_packing(header);
    packing = direct;
    dib.decoded.mode = mode;
  }
  if (dib.pixels_at == 0) dib.pixels_at = palette_end;

  if (options.in_icon) check_size(header.width, header.height);
  const std::int64_t height = options.in_icon ? header.height / 2 : header.height;
  check_size(header.width, height);
  const std::size_t pixels = std::size_t(header.width);
  const std::size_t row_bytes = bytes_of_bits(checked_product(pixels, bits_per_pixel(packing)));
  std::vector<std::uint8_t> indices;
  Bytes rows;
  std::size_t stride = row_bytes;
  decoding.begin(header.width, height, run_length ? checked_product(pixels, height) : 0);
  if (run_length) {
    indices = decode_rle(file, dib.pixels_at, pixels, std::size_t(height), header.compression == rle4);
    rows = indices;
  } else {
    stride = ((pixels * header.bits + 31) >> 3) & ~std::size_t{3};
    if (stride < row_bytes) throw PictureError("broken BMP: a gray palette for fewer than 8 bits");
    rows = slice(file, dib.pixels_at);
    if (rows.size() < checked_sum(checked_product(stride, height - 1), row_bytes)) truncated_bmp();
  }
  for (std::int64_t y = 0; y < height; ++y) {
    const std::int64_t from = header.top_down ? y : height - 1 - y;
    unpack_row(packing, &rows[std::size_t(from) * stride], pixels, palette, decoding.row());
    decoding.add_row();
  }
  dib.decoded.picture = decoding.finish();
  dib.decoded.format = "BMP";
  return dib;
}

DecodedPicture decode_bmp(Bytes file, Decoding& decoding) {
  if (file.size() < 14) truncated_bmp();
  return decode_dib(file, {.at = 14, .pixels_at = u32_le(file, 10)}, decoding).decoded;
}

}  // namespace bart
