#include <array>
#include <cstring>
#include <optional>

#include "formats.h"
#include "unpack.h"

namespace bart {
namespace {

[[noreturn]] void truncated_gif() {
  throw PictureError("truncated GIF: the file ends before the picture does");
}

struct Frame {
  std::uint32_t left = 0, top = 0, width = 0, height = 0;
  bool interlaced = false;
  int code_bits = 0;
  std::size_t data_at = 0;
};

// The LZW decoder of GIF: codes of 3 to 12 bits, least significant bit first, in blocks of up to 255 bytes.
// It takes and refuses what Pillow's takes and refuses: an end code before the picture is full is passed over
// while another 64 KiB block of the file can be read, as there.
class Lzw {
 public:
  Lzw(Bytes file, std::size_t at, int bits)
      : file_(file),
        at_(at),
        loaded_(at),
        bits_(bits),
        clear_(1 << bits),
        next_(clear_ + 2),
        code_size_(bits + 1) {
    load();
  }

  // The next run of indices, in order.
  std::span<const std::uint8_t> next() {
    while (true) {
      const int code = next_code();
      if (code == clear_) {
        next_ = clear_ + 2;
        code_size_ = bits_ + 1;
        last_ = -1;
        continue;
      }
      if (code == clear_ + 1) {
        load();
        continue;
      }
      return expand(code);
    }
  }

 private:
  static constexpr int kTable = 1 << 12;

  void load() {
    if (loaded_ >= file_.size()) truncated_gif();
    loaded_ = std::min(file_.size(), loaded_ + 65536);
  }

  int next_code() {
    while (bit_count_ < code_size_) {
      if (block_ == 0) {
        while (at_ >= loaded_ || at_ + file_[at_] >= loaded_) load();
        block_ = file_[at_++];
      } else {
        buffer_ |= std::uint32_t(file_[at_++]) << bit_count_;
        bit_count_ += 8;
        --block_;
      }
    }
    const int code = int(buffer_ & ((1u << code_size_) - 1));
    buffer_ >>= code_size_;
    bit_count_ -= code_size_;
    return code;
  }

  std::span<const std::uint8_t> expand(int code) {
    if (last_ < 0) {  // the first after a clear code stands for itself
      if (code > clear_) broken();
      last_ = code;
      first_index_ = std::uint8_t(code);
      text_[kTable - 1] = first_index_;
      return {&text_[kTable - 1], 1};
    }
    if (code > next_) broken();
    std::size_t begin = kTable;
    int c = code;
    if (c == next_) {  // the entry that is being made: the last one, and then the first index of that
      text_[--begin] = first_index_;
      c = last_;
    }
    while (c >= clear_) {
      if (begin == 0 || c >= kTable) broken();
      text_[--begin] = suffix_[std::size_t(c)];
      c = prefix_[std::size_t(c)];
    }
    if (begin == 0) broken();
    first_index_ = std::uint8_t(c);
    text_[--begin] = first_index_;

    if (next_ < kTable) {
      suffix_[std::size_t(next_)] = first_index_;
      prefix_[std::size_t(next_)] = std::uint16_t(last_);
      if (next_ == (1 << code_size_) - 1 && code_size_ < 12) ++code_size_;
      ++next_;
    }
    last_ = code;
    return {&text_[begin], kTable - begin};
  }

  [[noreturn]] static void broken() { throw PictureError("broken GIF: its compressed data make no sense"); }

  Bytes file_;
  std::size_t at_, loaded_;
  int bits_, clear_, next_, code_size_;
  int last_ = -1;  // the code before this one
  std::uint8_t first_index_ = 0;
  std::size_t block_ = 0;
  std::uint32_t buffer_ = 0;
  int bit_count_ = 0;
  std::array<std::uint8_t, kTable> suffix_{}, text_{};
  std::array<std::uint16_t, kTable> prefix_{};
};

// Whether a color table is more than the gray scale 0, 1, 2, …: if not, Pillow takes the indices for gray
// values.
bool has_colors(Bytes table) {
  for (std::size_t i = 0; i < table.size(); i += 3)
    if (i + 2 >= table.size() || table[i] != i / 3 || table[i + 1] != i / 3 || table[i + 2] != i / 3)
      return true;
  return false;
}

Palette gray_scale() {
  Palette palette{};
  for (std::size_t i = 0; i < 256; ++i) palette[i].fill(std::uint8_t(i));
  return palette;
}

// indices: [height of the picture, width], into which the frame is decoded.
void decode_frame(Bytes file, const Frame& frame, std::uint32_t width, std::uint8_t* indices) {
  if (frame.code_bits > 12)
    throw PictureError("broken GIF: codes of " + std::to_string(frame.code_bits) + " bits");
  if (frame.width == 0 || frame.height == 0) throw PictureError("broken GIF: an empty first frame");
  struct Pass {
    std::uint32_t first, step;
  };
  static constexpr Pass progressive[] = {{0, 1}};
  static constexpr Pass interlaced[] = {{0, 8}, {4, 8}, {2, 4}, {1, 2}};
  const std::span<const Pass> passes = frame.interlaced ? std::span<const Pass>(interlaced) : progressive;

  Lzw lzw(file, frame.data_at, frame.code_bits);
  std::span<const std::uint8_t> run;
  for (const Pass pass : passes)
    for (std::uint32_t y = pass.first; y < frame.height; y += pass.step) {
      std::uint8_t* row = indices + std::size_t(frame.top + y) * width + frame.left;
      for (std::uint32_t x = 0; x < frame.width;) {
        if (run.empty()) run = lzw.next();
        const std::size_t count = std::min<std::size_t>(run.size(), frame.width - x);
        std::memcpy(row + x, run.data(), count);
        run = run.subspan(count);
        x += std::uint32_t(count);
      }
    }
}

}  // namespace

// The first frame as Pillow presents it: on a canvas that is filled with the transparent index, or with 0.
DecodedPicture decode_gif(Bytes file, Decoding& decoding) {
  if (file.size() < 13) truncated_gif();
  std::uint32_t width = u16_le(file, 6), height = u16_le(file, 8);
  std::size_t at = 13;
  Bytes colors;  // as found in the file; empty: gray
  const auto read_colors = [&](int flags) {
    const Bytes table = slice(file, at, std::size_t(3) << ((flags & 7) + 1));
    at += table.size();
    return has_colors(table) ? table : Bytes();
  };
  if (file[10] & 0x80) colors = read_colors(file[10]);

  const auto next_block = [&]() {  // a data sub-block; empty at the end of them
    if (at >= file.size()) return Bytes();
    const Bytes block = slice(file, at + 1, file[at]);
    at += 1 + block.size();
    return block;
  };
  std::optional<std::uint8_t> transparent;
  Frame frame;
  while (true) {
    if (at >= file.size() || file[at] == ';') throw PictureError("broken GIF: no picture in it");
    const std::uint8_t introducer = file[at++];
    if (introducer == '!') {
      if (at >= file.size()) truncated_gif();
      const std::uint8_t label = file[at++];
      Bytes block = next_block();
      if (label == 0xF9 && !block.empty()) {
        if (block.size() < 3 || ((block[0] & 1) && block.size() < 4)) truncated_gif();
        if (block[0] & 1) transparent = block[3];
      } else if (label == 0xFE && block.empty()) {
        continue;
      }
      while (!next_block().empty()) {
      }
    } else if (introducer == ',') {
      const Bytes descriptor = slice(file, at, 9);
      if (descriptor.size() < 9) truncated_gif();
      at += 9;
      frame = {u16_le(descriptor, 0), u16_le(descriptor, 2), u16_le(descriptor, 4), u16_le(descriptor, 6),
               (descriptor[8] & 0x40) != 0};
      if (descriptor[8] & 0x80) colors = read_colors(descriptor[8]);
      if (at >= file.size()) truncated_gif();
      frame.code_bits = file[at++];
      frame.data_at = at;
      break;
    }
  }

  width = std::max(width, frame.left + frame.width);
  height = std::max(height, frame.top + frame.height);
  DecodedPicture decoded;
  check_size(width, height);
  const std::size_t size = checked_product(width, height);
  decoding.begin(width, height, size);
  std::vector<std::uint8_t> indices(size, transparent.value_or(0));
  decode_frame(file, frame, width, indices.data());

  Palette palette = gray_scale();
  if (!colors.empty()) {
    palette = {};
    std::memcpy(palette.data(), colors.data(), colors.size() / 3 * 3);
  }
  for (std::size_t y = 0; y < height; ++y, decoding.add_row())
    unpack_row(Packing::index8, &indices[y * width], width, palette, decoding.row());
  decoded.picture = decoding.finish();
  decoded.format = "GIF";
  decoded.mode = colors.empty() ? "L" : "P";
  return decoded;
}

}  // namespace bart
