#include <zlib.h>

#include <array>
#include <cctype>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <utility>

#include "formats.h"
#include "inflater.h"
#include "orientation.h"
#include "png_facts.h"
#include "unpack.h"

// A PNG reader that accepts, refuses and decodes what Pillow's does (PngImagePlugin.py,
// libImaging/ZipDecode.c): checksums of chunks before the picture data are checked, later ones not; chunks
// after the data are read for their EXIF; no gamma or transparency is applied.
namespace bart {
namespace {

// The compressed data of the first picture: IDAT (or an animation's fdAT) chunks one after the other, whose
// checksums are not looked at.
class DataChunks {
 public:
  DataChunks(Bytes file, const PngChunk& first, PngFacts& facts)
      : file_(file), facts_(facts), at_(first.at), left_(first.length) {
    if (first.name == "fdAT") number();
  }

  Bytes next() {
    while (left_ == 0) {
      const std::optional<PngChunk> chunk = png_chunk_at(file_, at_ + 4);
      if (!chunk || (chunk->name != "IDAT" && chunk->name != "DDAT" && chunk->name != "fdAT"))
        truncated_png();
      at_ = chunk->at;
      left_ = chunk->length;
      if (chunk->name == "fdAT") number();
    }
    const Bytes bytes = slice(file_, at_, std::min<std::size_t>(left_, 65536));
    if (bytes.empty()) truncated_png();
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
  PngFacts& facts_;
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
        inflate_more(length + 1 - done);
        continue;
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
  // Inflates some bytes, or finds that the stream has ended; what follows then is not the picture's. `rest`:
  // what is missing of the row.
  //
  // Pillow inflates row by row, and wants more data for a row wherever it has used up those at hand, even
  // where zlib could still give a few bytes without. So the last bytes at hand are inflated that way too, and
  // the others in larger pieces.
  void inflate_more(std::size_t rest) {
    if (ended_) truncated_png();
    constexpr std::size_t last_bytes = 16;
    z_stream& z = inflater_.stream;
    while (true) {
      if (input_.empty()) {
        input_ = chunks_.next();
        fresh_input_ = true;
      }
      const bool last = input_.size() <= last_bytes;
      const std::size_t given = last ? input_.size() : input_.size() - last_bytes;
      const std::size_t wanted =
          std::min<std::uint64_t>(last ? std::min<std::uint64_t>(rest, left_) : left_, buffer_.size());
      z.next_in = const_cast<Bytef*>(input_.data());  // zlib does not write to it
      z.avail_in = uInt(given);
      z.next_out = buffer_.data();
      z.avail_out = uInt(wanted);
      const int status = inflate(&z, Z_NO_FLUSH);
      if (status < 0) throw PictureError("broken PNG: its compressed data make no sense");
      input_ = input_.subspan(given - z.avail_in);
      inflated_ = Bytes(buffer_).first(wanted - z.avail_out);
      left_ -= inflated_.size();
      // Pillow sees an end that comes with the row's last bytes, not one for which it had to read on.
      ended_ = status == Z_STREAM_END && (!inflated_.empty() || !fresh_input_);
      if (!inflated_.empty()) fresh_input_ = false;
      if (!inflated_.empty() || ended_) return;
      // After the end of the stream, or where it asks for a dictionary, zlib takes no more.
      if (status != Z_OK) input_ = {};
    }
  }

  DataChunks& chunks_;
  Inflater inflater_;
  std::uint64_t left_;
  Bytes input_;              // of the chunk
  bool fresh_input_ = true;  // nothing has been inflated of it
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
Picture decode_pixels(DataChunks& chunks, const PngFacts& facts, const PngFacts::Box& frame,
                      Decoding& decoding) {
  const PngHeader& header = *facts.header;
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
void read_rest(Bytes file, std::size_t at, bool animated, PngFacts& facts) {
  while (const std::optional<PngChunk> chunk = png_chunk_at(file, at)) {
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
  PngFacts facts;
  std::size_t at = 8;
  std::optional<PngChunk> chunk;
  while (true) {
    chunk = png_chunk_at(file, at);
    if (!chunk) {
      if (slice(file, at).size() < 8) truncated_png();
      throw PictureError("broken PNG: no chunk where one should be");
    }
    if (chunk->name == "IDAT" || chunk->name == "fdAT") break;
    if (chunk->name == "IEND") throw PictureError("broken PNG: no picture in it");
    facts.read(file, *chunk);
    const Bytes checked = slice(file, chunk->at - 4, chunk->length + 8);
    if (checked.size() < chunk->length + 8) truncated_png();
    if (crc32(0, checked.data(), uInt(chunk->length + 4)) != u32_be(checked, chunk->length + 4) &&
        !built_for_fuzzing)
      throw PictureError("broken PNG: a wrong checksum of its " + std::string(chunk->name) + " chunk");
    at = chunk->at + chunk->length + 4;
  }
  if (!facts.header) throw PictureError("broken PNG: no header");
  const PngHeader header = *facts.header;
  if (!header.mode) throw PictureError("broken PNG: bits and colors that do not go together");

  DecodedPicture decoded;
  const PngFacts::Box frame =
      facts.frame.value_or(PngFacts::Box{0, 0, std::uint32_t(header.width), std::uint32_t(header.height)});
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
