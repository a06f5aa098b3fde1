#include "png_facts.h"

#include <cctype>
#include <cstring>
#include <utility>

#include "inflater.h"

namespace bart {
namespace {

std::string_view text_of(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

Bytes data_of(Bytes file, const PngChunk& chunk) {
  const Bytes data = slice(file, chunk.at, chunk.length);
  if (data.size() < chunk.length) truncated_png();
  return data;
}

// A compressed text or profile; empty where it is broken. Pillow refuses those of over 1 MiB. `inflated`: the
// bytes of all of them; what a file of a megabyte could hold of the smallest ones would take minutes.
std::string inflate_text(Bytes compressed, std::size_t& inflated) {
  constexpr std::size_t limit = 1 << 20, limit_of_all = std::size_t{256} << 20;
  std::string text;
  Inflater inflater;
  z_stream& z = inflater.stream;
  z.next_in = const_cast<Bytef*>(compressed.data());  // zlib does not write to it
  z.avail_in = uInt(std::min<std::size_t>(compressed.size(), uInt(-1)));
  char buffer[16384];
  while (true) {
    z.next_out = reinterpret_cast<Bytef*>(buffer);
    z.avail_out = sizeof buffer;
    const int status = inflate(&z, Z_NO_FLUSH);
    text.append(buffer, sizeof buffer - z.avail_out);
    inflated += sizeof buffer - z.avail_out;
    if (inflated > limit_of_all)
      throw PictureError("broken PNG: compressed texts and profiles of over 256 MiB");
    if (text.size() > limit) throw PictureError("broken PNG: a compressed text or profile of over 1 MiB");
    if (status == Z_STREAM_END || (status == Z_OK && z.avail_in == 0 && z.avail_out > 0) ||
        status == Z_BUF_ERROR)
      return text;
    if (status != Z_OK) return {};
  }
}

PngHeader read_header(Bytes data) {
  if (data.size() < 13) throw PictureError("broken PNG: a short header");
  PngHeader header;
  header.width = u32_be(data, 0);
  header.height = u32_be(data, 4);
  struct Kind {
    int bits, color;
    Packing packing;
    const char* mode;
  };
  static constexpr Kind kinds[] = {
      {1, 0, Packing::gray1, "1"},
      {2, 0, Packing::gray2, "L"},
      {4, 0, Packing::gray4, "L"},
      {8, 0, Packing::gray8, "L"},
      {16, 0, Packing::gray16_be, "I;16"},
      {8, 2, Packing::rgb8, "RGB"},
      {16, 2, Packing::rgb16_be, "RGB"},
      {1, 3, Packing::index1, "P"},
      {2, 3, Packing::index2, "P"},
      {4, 3, Packing::index4, "P"},
      {8, 3, Packing::index8, "P"},
      {8, 4, Packing::gray8_alpha8, "LA"},
      {16, 4, Packing::gray16_be_alpha16, "RGBA"},
      {8, 6, Packing::rgba8, "RGBA"},
      {16, 6, Packing::rgba16_be, "RGBA"},
  };
  for (const Kind& kind : kinds)
    if (kind.bits == data[8] && kind.color == data[9]) {
      header.packing = kind.packing;
      header.mode = kind.mode;
    }
  header.interlaced = data[12] != 0;
  if (data[11] != 0) throw PictureError("broken PNG: an unknown filter method");
  return header;
}

}  // namespace

void truncated_png() {
  throw PictureError("truncated PNG: the file ends before the picture does");
}

std::optional<PngChunk> png_chunk_at(Bytes file, std::size_t at) {
  const Bytes header = slice(file, at, 8);
  if (header.size() < 8) return std::nullopt;
  for (const std::uint8_t c : header.subspan(4))
    if (!(c < 128 && std::isalnum(c)) && c != '_') return std::nullopt;
  return PngChunk{text_of(header.subspan(4)), at + 8, u32_be(header, 0)};
}

void PngFacts::read_text(std::string_view key, std::string value) {
  text_size += value.size();
  if (text_size > (std::size_t{64} << 20)) throw PictureError("broken PNG: texts of over 64 MiB");
  if (key == "Raw profile type exif")
    exif_profile = std::move(value);
  else if (key == "exif")
    exif.assign(value.begin(), value.end());
  else if (key == "XML:com.adobe.xmp")
    xmp = std::move(value);
}

void PngFacts::read_international_text(Bytes data) {
  const std::string_view text = text_of(data);
  const std::size_t key_end = text.find('\0');
  if (key_end == text.npos || text.size() < key_end + 3) return;
  const bool compressed = text[key_end + 1] != 0;
  if (compressed && text[key_end + 2] != 0) return;
  const std::size_t language_end = text.find('\0', key_end + 3);
  if (language_end == text.npos) return;
  const std::size_t translation_end = text.find('\0', language_end + 1);
  if (translation_end == text.npos) return;
  const Bytes value = data.subspan(translation_end + 1);
  read_text(text.substr(0, key_end),
            compressed ? inflate_text(value, inflated) : std::string(text_of(value)));
}

void PngFacts::read_frame(Bytes data) {
  const std::uint32_t number = u32_be(data, 0);
  if (number != (sequence ? *sequence + 1 : 0))
    throw PictureError("broken PNG: its animation frames are out of order");
  sequence = number;
  const Box box{u32_be(data, 12), u32_be(data, 16), u32_be(data, 4), u32_be(data, 8)};
  if (!header || std::int64_t(box.left) + box.width > header->width ||
      std::int64_t(box.top) + box.height > header->height)
    throw PictureError("broken PNG: an animation frame that is larger than the picture");
  frame = box;
}

// The data of a later frame, in a file that is not an animation for Pillow: only their number counts.
void PngFacts::read_frame_data(Bytes data) {
  const std::uint32_t number = u32_be(data, 0);
  if (!sequence || number != *sequence + 1)
    throw PictureError("broken PNG: its animation frames are out of order");
  sequence = number;
}

void PngFacts::read(Bytes file, const PngChunk& chunk) {
  const Bytes data = data_of(file, chunk);
  struct Least {
    std::string_view name;
    std::size_t bytes;
  };
  static constexpr Least least[] = {{"gAMA", 4}, {"cHRM", 32}, {"sRGB", 1}, {"pHYs", 9},
                                    {"acTL", 8}, {"fcTL", 26}, {"fdAT", 4}};
  for (const Least& one : least)
    if (one.name == chunk.name && data.size() < one.bytes)
      throw PictureError("broken PNG: a short " + std::string(one.name) + " chunk");

  const std::string_view text = text_of(data);
  const std::size_t key_end = std::min(text.find('\0'), text.size());
  const std::string_view key = text.substr(0, key_end);
  if (chunk.name == "IHDR") {
    header = read_header(data);
  } else if (chunk.name == "PLTE") {
    if (!header || !header->mode || header->mode != std::string_view("P")) return;
    if (data.size() / 3 > 256) throw PictureError("broken PNG: a palette of over 256 colors");
    palette = {};
    std::memcpy(palette.data(), data.data(), data.size() / 3 * 3);
  } else if (chunk.name == "tRNS") {
    const std::string_view mode = header && header->mode ? header->mode : "";
    const std::size_t need = mode == "RGB" ? 6 : mode == "1" || mode == "L" || mode == "I;16" ? 2 : 0;
    if (data.size() < need) throw PictureError("broken PNG: a short tRNS chunk");
  } else if (chunk.name == "iCCP") {
    if (key_end + 1 >= text.size() || text[key_end + 1] != 0)
      throw PictureError("broken PNG: a color profile of an unknown kind");
    inflate_text(data.subspan(key_end + 2), inflated);
  } else if (chunk.name == "tEXt") {
    if (!key.empty()) read_text(key, std::string(text.substr(std::min(key_end + 1, text.size()))));
  } else if (chunk.name == "zTXt") {
    const Bytes value = slice(data, key_end + 1);
    if (!value.empty() && value[0] != 0)
      throw PictureError("broken PNG: a text compressed in an unknown way");
    std::string plain = inflate_text(slice(value, 1), inflated);
    if (!key.empty()) read_text(key, std::move(plain));
  } else if (chunk.name == "iTXt") {
    read_international_text(data);
  } else if (chunk.name == "eXIf") {
    exif.assign(data.begin(), data.end());
  } else if (chunk.name == "acTL") {
    const std::uint32_t count = u32_be(data, 0);
    if (frames)
      frames.reset();  // stated twice: no animation
    else if (count > 0 && count <= 0x80000000)
      frames = count;
  } else if (chunk.name == "fcTL") {
    read_frame(data);
  } else if (chunk.name == "fdAT") {
    read_frame_data(data);
  }
}

}  // namespace bart
