#include <cmath>
#include <cstring>
#include <limits>
#include <string>

#include "formats.h"
#include "unpack.h"

namespace bart {
namespace {

bool is_space(std::uint8_t c) {
  return c == ' ' || (c >= 9 && c <= 13);
}

[[noreturn]] void truncated_pnm() {
  throw PictureError("truncated PNM: the file ends before the picture does");
}

// A number of the header: at most ten digits, comments before or in it skipped.
std::int64_t read_number(Bytes file, std::size_t& at) {
  std::string token;
  while (token.size() <= 10 && at < file.size()) {
    const std::uint8_t c = file[at++];
    if (is_space(c)) {
      if (token.empty()) continue;
      break;
    }
    if (c == '#') {
      while (at < file.size() && file[at] != '\r' && file[at] != '\n') ++at;
      ++at;
      continue;
    }
    token += char(c);
  }
  if (token.empty()) truncated_pnm();
  if (token.size() > 10 || token.find_first_not_of("0123456789") != token.npos)
    throw PictureError("broken PNM: no number where one should be in its header");
  return std::stoll(token);
}

// Python's round(value / maxval * out): halves to even.
int scaled(std::uint32_t value, std::uint32_t maxval, int out) {
  return int(std::nearbyint(double(value) / double(maxval) * out));
}

// The values of a plain (textual) file, one after the other; each at most ten digits.
class PlainValues {
 public:
  PlainValues(Bytes file, std::size_t at) : file_(file), at_(at) {}

  std::uint32_t next() {
    skip();
    std::uint32_t value = 0;
    int digits = 0;
    while (at_ < file_.size() && !is_space(file_[at_]) && file_[at_] != '#') {
      const std::uint8_t c = file_[at_++];
      if (c < '0' || c > '9' || ++digits > 10)
        throw PictureError("broken PNM: no number where a pixel should be");
      value = std::min<std::uint32_t>(
          value * std::uint64_t{10} + (c - '0') > 65536 ? 65536 : value * 10 + (c - '0'), 65536);
    }
    if (digits == 0) truncated_pnm();
    return value;
  }

  bool next_bit() {
    skip();
    if (at_ >= file_.size()) truncated_pnm();
    const std::uint8_t c = file_[at_++];
    if (c != '0' && c != '1') throw PictureError("broken PNM: neither 0 nor 1 where a pixel should be");
    return c == '1';
  }

 private:
  void skip() {
    while (at_ < file_.size()) {
      if (file_[at_] == '#')
        while (at_ < file_.size() && file_[at_] != '\n' && file_[at_] != '\r') ++at_;
      else if (is_space(file_[at_]))
        ++at_;
      else
        return;
    }
  }

  Bytes file_;
  std::size_t at_;
};

}  // namespace

DecodedPicture decode_pnm(Bytes file, Decoding& decoding) {
  if (file.size() < 3 || !is_space(file[2])) throw PictureError("not a picture of a known format");
  const char kind = char(file[1]);  // 1 to 3: text; 4 to 6: binary; bits, gray, color
  std::size_t at = 3;
  const std::int64_t width = read_number(file, at), height = read_number(file, at);
  const bool bits = kind == '1' || kind == '4', color = kind == '3' || kind == '6', plain = kind <= '3';
  const std::int64_t maxval = bits ? 1 : read_number(file, at);
  if (maxval < 1 || maxval > 65535)
    throw PictureError("broken PNM: a largest value of " + std::to_string(maxval));
  check_size(width, height);

  DecodedPicture decoded;
  decoded.format = "PPM";
  decoded.mode = bits ? "1" : color ? "RGB" : maxval > 255 ? "I" : "L";
  // Pillow scales gray of more than 8 bits to 16, and clips that when it becomes RGB.
  const int out_max = decoded.mode == "I" ? 65535 : 255;
  const std::size_t channels = color ? 3 : 1;
  const std::size_t value_bytes = maxval > 255 ? 2 : 1;
  const std::size_t row_values = std::size_t(width) * channels;
  const std::size_t row_bytes = bits ? (row_values + 7) / 8 : row_values * value_bytes;
  const Bytes pixels = slice(file, at);
  const std::size_t least = plain
                                ? (bits ? row_values : 2 * row_values) * std::size_t(height) - (bits ? 0 : 1)
                                : row_bytes * std::size_t(height);
  if (pixels.size() < least) truncated_pnm();

  decoding.begin(width, height, 0);
  PlainValues values(file, at);
  for (std::int64_t y = 0; y < height; ++y) {
    std::uint8_t* rgb = decoding.row();
    const Bytes row = plain ? Bytes() : pixels.subspan(std::size_t(y) * row_bytes, row_bytes);
    if (bits && !plain) {
      unpack_row(Packing::gray1_inverted, row.data(), std::size_t(width), {}, rgb);
    }
    for (std::size_t i = 0; i < (bits && !plain ? 0 : row_values); ++i) {
      int value;
      if (bits) {
        value = values.next_bit() ? 0 : 255;
      } else {
        const std::uint32_t stored = plain ? values.next() : value_bytes == 1 ? row[i] : u16_be(row, 2 * i);
        if (plain && stored > maxval) throw PictureError("broken PNM: a value above the largest");
        value = std::min(scaled(stored, std::uint32_t(maxval), out_max), 255);
      }
      if (color)
        rgb[i] = std::uint8_t(value);
      else
        std::memset(rgb + 3 * i, value, 3);
    }
    decoding.add_row();
  }
  decoded.picture = decoding.finish();
  return decoded;
}

}  // namespace bart
