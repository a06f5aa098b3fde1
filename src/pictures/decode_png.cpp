#include <zlib.h>

#include <array>
#include <cctype>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <utility>

#include "formats.h"
#include "orientation.h"
#include "unpack.h"

// A PNG reader that accepts, refuses and decodes what Pillow's does (PngImagePlugin.py,
// libImaging/ZipDecode.c): checksums of chunks before the picture data are checked, later ones not; chunks
// after the data are read for their EXIF; no gamma or transparency is applied.
namespace bart {
namespace {

[[noreturn]] void truncated() {
  throw PictureError("truncated PNG: the file ends before the picture does");
}

std::string_view text_of(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

struct Chunk {
  std::string_view name;
  std::size_t at = 0;      // of its data in the file
  std::size_t length = 0;  // as stated
};

// The header of the chunk at `at`; none where the file ends or no chunk name stands there.
std::optional<Chunk> chunk_at(Bytes file, std::size_t at) {
  const Bytes header = slice(file, at, 8);
  if (header.size() < 8) return std::nullopt;
  for (const std::uint8_t c : header.subspan(4))
    if (!(c < 128 && std::isalnum(c)) && c != '_') return std::nullopt;
  return Chunk{text_of(header.subspan(4)), at + 8, u32_be(header, 0)};
}

Bytes data_of(Bytes file, const Chunk& chunk) {
  const Bytes data = slice(file, chunk.at, chunk.length);
  if (data.size() < chunk.length) truncated();
  return data;
}

struct Inflater {
  z_stream stream{};
  Inflater() {
    if (inflateInit(&stream) != Z_OK) throw PictureError("zlib cannot be started");
  }
  ~Inflater() { inflateEnd(&stream); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
};

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

struct Header {
  std::int64_t width = 0, height = 0;
  Packing packing{};
  const char* mode = nullptr;  // none: a combination of bits and colors that there is not
  bool interlaced = false;
};

Header read_header(Bytes data) {
  if (data.size() < 13) throw PictureError("broken PNG: a short header");
  Header header;
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

// What the chunks say besides the pixels.
struct Facts {
  std::optional<Header> header;
  Palette palette{};
  std::vector<std::uint8_t> exif;
  std::string exif_profile, xmp;          // from text chunks: a hex dump with three lines before it; XML
  std::optional<std::uint32_t> frames;    // of an animation
  std::optional<std::uint32_t> sequence;  // the last number of an animation's chunks
  struct Box {
    std::uint32_t left, top, width, height;
  };
  std::optional<Box> frame;
  std::size_t text_size = 0, inflated = 0;

  void read(Bytes file, const Chunk& chunk);

 private:
  void read_text(std::string_view key, std::string value);
  void read_international_text(Bytes data);
  void read_frame(Bytes data);
  void read_frame_data(Bytes data);
};

void Facts::read_text(std::string_view key, std::string value) {
  text_size += value.size();
  if (text_size > (std::size_t{64} << 20)) throw PictureError("broken PNG: texts of over 64 MiB");
  if (key == "Raw profile type exif")
    exif_profile = std::move(value);
  else if (key == "exif")
    exif.assign(value.begin(), value.end());
  else if (key == "XML:com.adobe.xmp")
    xmp = std::move(value);
}

void Facts::read_international_text(Bytes data) {
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

void Facts::read_frame(Bytes data) {
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

// The data of a later frame, in a file that is no animation for Pillow: only their number counts.
void Facts::read_frame_data(Bytes data) {
  const std::uint32_t number = u32_be(data, 0);
  if (!sequence || number != *sequence + 1)
    throw PictureError("broken PNG: its animation frames are out of order");
  sequence = number;
}

void Facts::read(Bytes file, const Chunk& chunk) {
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

// The compressed data of the first picture: IDAT (or an animation's fdAT) chunks one after the other, whose
// checksums are not looked at.
class DataChunks {
 public:
  DataChunks(Bytes file, const Chunk& first, Facts& facts)
      : file_(file), facts_(facts), at_(first.at), left_(first.length) {
    if (first.name == "fdAT") number();
  }

  Bytes next() {
    while (left_ == 0) {
      const std::optional<Chunk> chunk = chunk_at(file_, at_ + 4);
      if (!chunk || (chunk->name != "IDAT" && chunk->name != "DDAT" && chunk->name != "fdAT")) truncated();
      at_ = chunk->at;
      left_ = chunk->length;
      if (chunk->name == "fdAT") number();
    }
    const Bytes bytes = slice(file_, at_, std::min<std::size_t>(left_, 65536));
    if (bytes.empty()) truncated();
    at_ += bytes.size();
    left_ -= bytes.size();
    return bytes;
  }

  // Where the chunk after the one being read starts.
  std::size_t end() const { return std::min(at_ + left_, file_.size()) + 4; }

 private:
  void number() {
    const Bytes bytes = slice(file_, at_, std::min<std::size_t>(left_, 4));
    if (bytes.size() < 4) throw PictureError("broken PNG: a short fdAT chunk");
    if (!facts_.sequence || u32_be(bytes, 0) != *facts_.sequence + 1)
      throw PictureError("broken PNG: its animation frames are out of order");
    facts_.sequence = u32_be(bytes, 0);
    at_ += 4;
    left_ -= 4;
  }

  Bytes file_;
  Facts& facts_;
  std::size_t at_, left_;
};

// Undoes a row's filter. row, above: [length]; step: bytes between a pixel and the one to its left.
void unfilter(int filter, std::uint8_t* row, const std::uint8_t* above, std::size_t length,
              std::size_t step) {
  const std::size_t first = std::min(step, length);  // bytes without a left neighbor
  switch (filter) {
    case 0:
      return;
    case 1:
      for (std::size_t i = first; i < length; ++i) row[i] = std::uint8_t(row[i] + row[i - step]);
      return;
    case 2:
      for (std::size_t i = 0; i < length; ++i) row[i] = std::uint8_t(row[i] + above[i]);
      return;
    case 3:
      for (std::size_t i = 0; i < first; ++i) row[i] = std::uint8_t(row[i] + above[i] / 2);
      for (std::size_t i = first; i < length; ++i)
        row[i] = std::uint8_t(row[i] + (row[i - step] + above[i]) / 2);
      return;
    case 4:
      for (std::size_t i = 0; i < first; ++i) row[i] = std::uint8_t(row[i] + above[i]);
      for (std::size_t i = first; i < length; ++i) {
        const int left = row[i - step], up = above[i], corner = above[i - step];
        const int to_left = std::abs(up - corner), to_up = std::abs(left - corner),
                  to_corner = std::abs(left + up - 2 * corner);
        row[i] = std::uint8_t(row[i] + (to_left <= to_up && to_left <= to_corner ? left
                                        : to_up <= to_corner                     ? up
                                                                                 : corner));
      }
      return;
    default:
      throw PictureError("broken PNG: an unknown filter");
  }
}

// Rows of the inflated data, unfiltered.
class Rows {
 public:
  // all: the bytes of all rows, each with its filter's; no more than those are inflated. step: bytes between
  // a pixel and the one to its left.
  Rows(DataChunks& chunks, std::uint64_t all, std::size_t longest, std::size_t step)
      : chunks_(chunks),
        left_(all),
        buffer_(std::min<std::uint64_t>(all, 65536)),
        row_(longest + 1),
        above_(longest + 1),
        step_(step) {}

  static std::uint64_t memory_of(std::size_t longest) { return 2 * (std::uint64_t{longest} + 1) + 65536; }

  // A row of `length` bytes; none where the data end early, which leaves the rest of the picture black.
  const std::uint8_t* next(std::size_t length) {
    for (std::size_t done = 0; done < length + 1;) {
      if (inflated_.empty()) {
        if (ended_ && done == 0) return nullptr;
        inflate_more();
      }
      const std::size_t count = std::min(inflated_.size(), length + 1 - done);
      std::memcpy(&row_[done], inflated_.data(), count);
      inflated_ = inflated_.subspan(count);
      done += count;
    }
    unfilter(row_[0], row_.data() + 1, above_.data() + 1, length, step_);
    row_.swap(above_);
    return above_.data() + 1;
  }

  void start_pass() { std::fill(above_.begin(), above_.end(), 0); }

 private:
  // Inflates some bytes. The stream may end with them; where it has ended without, what follows is not the
  // picture's.
  void inflate_more() {
    if (ended_) truncated();
    z_stream& z = inflater_.stream;
    const std::size_t wanted = std::min<std::uint64_t>(left_, buffer_.size());
    z.next_out = buffer_.data();
    z.avail_out = uInt(wanted);
    while (z.avail_out == wanted) {
      if (z.avail_in == 0) {
        const Bytes bytes = chunks_.next();
        z.next_in = const_cast<Bytef*>(bytes.data());
        z.avail_in = uInt(bytes.size());
      }
      const int status = inflate(&z, Z_NO_FLUSH);
      if (status < 0) throw PictureError("broken PNG: its compressed data make no sense");
      ended_ = status == Z_STREAM_END && z.avail_out < wanted;
      // At the end of the stream, or where it asks for a dictionary, zlib takes no more.
      if (z.avail_out == wanted) z.avail_in = 0;
    }
    inflated_ = Bytes(buffer_).first(wanted - z.avail_out);
    left_ -= inflated_.size();
  }

  DataChunks& chunks_;
  Inflater inflater_;
  std::uint64_t left_;
  std::vector<std::uint8_t> buffer_;
  Bytes inflated_;  // in the buffer
  std::vector<std::uint8_t> row_, above_;
  std::size_t step_;
  bool ended_ = false;
};

struct Pass {
  std::size_t x, y, step_x, step_y;
};
constexpr Pass interlaced[] = {{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4},
                               {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}};
constexpr Pass progressive[] = {{0, 0, 1, 1}};

// Decodes the frame row by row, or into the picture, which is at least as large.
Picture decode_pixels(DataChunks& chunks, const Facts& facts, const Facts::Box& frame, Decoding& decoding) {
  const Header& header = *facts.header;
  check_size(header.width, header.height);
  // A second header may have made the picture smaller than it was when the frame was read.
  if (std::int64_t(frame.left) + frame.width > header.width ||
      std::int64_t(frame.top) + frame.height > header.height)
    throw PictureError("broken PNG: an animation frame that is larger than the picture");
  const std::size_t bits = std::size_t(bits_per_pixel(header.packing));
  const auto row_bytes = [&](std::size_t pixels) { return bytes_of_bits(pixels * bits); };
  const auto pixels_of = [&](const Pass& pass) {
    return pass.x < frame.width ? (frame.width - pass.x + pass.step_x - 1) / pass.step_x : 0;
  };
  const std::span<const Pass> passes = header.interlaced ? std::span<const Pass>(interlaced) : progressive;
  std::uint64_t all = 0;
  for (const Pass& pass : passes)
    if (pixels_of(pass) > 0 && pass.y < frame.height)
      all += checked_product((frame.height - pass.y + pass.step_y - 1) / pass.step_y,
                             row_bytes(pixels_of(pass)) + 1);

  const std::size_t longest = row_bytes(frame.width);
  const bool row_by_row = !header.interlaced && frame.width == header.width && frame.height == header.height;
  if (row_by_row)
    decoding.begin(header.width, header.height, Rows::memory_of(longest));
  else
    decoding.claim(header.width, header.height, Rows::memory_of(longest) + 3 * std::uint64_t{frame.width});
  Rows rows(chunks, all, longest, (bits + 7) / 8);
  if (row_by_row) {
    for (std::size_t y = 0; y < frame.height; ++y) {
      const std::uint8_t* row = rows.next(longest);
      if (!row) break;
      unpack_row(header.packing, row, frame.width, facts.palette, decoding.row());
      decoding.add_row();
    }
    return decoding.finish();
  }

  Picture picture = new_picture(header.width, header.height);
  std::vector<std::uint8_t> rgb(std::size_t(frame.width) * 3);
  for (const Pass& pass : passes) {
    const std::size_t pixels = pixels_of(pass);
    if (pixels == 0) continue;
    rows.start_pass();
    for (std::size_t y = pass.y; y < frame.height; y += pass.step_y) {
      const std::uint8_t* row = rows.next(row_bytes(pixels));
      if (!row) return picture;
      unpack_row(header.packing, row, pixels, facts.palette, rgb.data());
      std::uint8_t* to =
          &picture.pixels[((frame.top + y) * std::size_t(picture.width) + frame.left + pass.x) * 3];
      for (std::size_t i = 0; i < pixels; ++i, to += pass.step_x * 3) std::memcpy(to, &rgb[3 * i], 3);
    }
  }
  return picture;
}

// The chunks after the picture data, as far as Pillow reads them.
void read_rest(Bytes file, std::size_t at, bool animated, Facts& facts) {
  while (const std::optional<Chunk> chunk = chunk_at(file, at)) {
    if (chunk->name == "IEND" || (chunk->name == "fcTL" && animated)) return;
    facts.read(file, *chunk);
    at = chunk->at + chunk->length + 4;
  }
}

// An EXIF block that ImageMagick stored as text: three lines, then its bytes in hex.
std::vector<std::uint8_t> exif_of_profile(std::string_view profile) {
  for (int line = 0; line < 3; ++line) {
    const std::size_t end = profile.find('\n');
    if (end == profile.npos) return {};
    profile.remove_prefix(end + 1);
  }
  std::vector<std::uint8_t> bytes;
  int high = -1;
  for (const char c : profile) {
    if (std::isspace(static_cast<unsigned char>(c))) continue;
    if (!std::isxdigit(static_cast<unsigned char>(c))) return {};
    const int digit = c <= '9' ? c - '0' : (c | 32) - 'a' + 10;
    if (high < 0)
      high = digit;
    else
      bytes.push_back(std::uint8_t(std::exchange(high, -1) << 4 | digit));
  }
  return bytes;
}

}  // namespace

DecodedPicture decode_png(Bytes file, Decoding& decoding) {
  Facts facts;
  std::size_t at = 8;
  std::optional<Chunk> chunk;
  while (true) {
    chunk = chunk_at(file, at);
    if (!chunk) {
      if (slice(file, at).size() < 8) truncated();
      throw PictureError("broken PNG: no chunk where one should be");
    }
    if (chunk->name == "IDAT" || chunk->name == "fdAT") break;
    if (chunk->name == "IEND") throw PictureError("broken PNG: no picture in it");
    facts.read(file, *chunk);
    const Bytes checked = slice(file, chunk->at - 4, chunk->length + 8);
    if (checked.size() < chunk->length + 8) truncated();
    if (crc32(0, checked.data(), uInt(chunk->length + 4)) != u32_be(checked, chunk->length + 4) &&
        !built_for_fuzzing)
      throw PictureError("broken PNG: a wrong checksum of its " + std::string(chunk->name) + " chunk");
    at = chunk->at + chunk->length + 4;
  }
  if (!facts.header) throw PictureError("broken PNG: no header");
  const Header header = *facts.header;
  if (!header.mode) throw PictureError("broken PNG: bits and colors that do not go together");

  DecodedPicture decoded;
  const Facts::Box frame =
      facts.frame.value_or(Facts::Box{0, 0, std::uint32_t(header.width), std::uint32_t(header.height)});
  if (frame.width == 0 || frame.height == 0) throw PictureError("broken PNG: an empty first frame");
  const bool animated = facts.frames && (*facts.frames > 1 || !facts.frame);
  DataChunks chunks(file, *chunk, facts);
  decoded.picture = decode_pixels(chunks, facts, frame, decoding);
  read_rest(file, chunks.end(), animated, facts);

  if (facts.exif.empty()) facts.exif = exif_of_profile(facts.exif_profile);
  decoded.exif_orientation = stated_orientation(facts.exif, facts.xmp);
  decoded.format = "PNG";
  decoded.mode = header.mode;
  return decoded;
}

}  // namespace bart
