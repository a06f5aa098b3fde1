#include "avif_work.h"

#include <map>
#include <optional>
#include <string_view>
#include <vector>

namespace bart {
namespace {

constexpr const char* truncated = "truncated AVIF: a table ends early";

/// Big-endian numbers of a box, one after the other.
class BoxReader {
 public:
  explicit BoxReader(Bytes bytes) : bytes_(bytes) {}

  std::uint64_t number(std::size_t size) {
    if (bytes_.size() < size) throw PictureError(truncated);
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < size; ++i) value = value << 8 | bytes_[i];
    bytes_ = bytes_.subspan(size);
    return value;
  }
  Bytes rest() const { return bytes_; }

 private:
  Bytes bytes_;
};

/// Bits from the highest on, as an AV1 header has them.
class BitReader {
 public:
  explicit BitReader(Bytes bytes) : bytes_(bytes) {}

  std::uint64_t bits(std::size_t count) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < count; ++i, ++at_) {
      if (at_ / 8 >= bytes_.size()) throw PictureError("truncated AVIF: a sequence header ends early");
      value = value << 1 | (bytes_[at_ / 8] >> (7 - at_ % 8) & 1);
    }
    return value;
  }
  bool bit() { return bits(1) == 1; }
  void skip_uvlc() {
    std::size_t zeros = 0;
    while (!bit()) ++zeros;
    bits(zeros);
  }

 private:
  Bytes bytes_;
  std::size_t at_ = 0;
};

/// The boxes of the ISO base media format in `bytes` (ISO/IEC 14496-12, 4.2): a size of 32 or 64 bits, a
/// name, a content.
template <typename Visit>
void for_each_box(Bytes bytes, Visit visit) {
  while (bytes.size() >= 8) {
    const bool large = u32_be(bytes, 0) == 1;
    if (large && bytes.size() < 16) return;
    std::uint64_t size = u32_be(bytes, 0);
    if (large) size = std::uint64_t{u32_be(bytes, 8)} << 32 | u32_be(bytes, 12);
    if (size == 0) size = bytes.size();  // up to the end
    const std::size_t head = large ? 16 : 8;
    if (size < head) return;
    const Bytes box = slice(bytes, 0, size);
    visit(std::string_view{reinterpret_cast<const char*>(bytes.data()) + 4, 4}, box.subspan(head));
    bytes = bytes.subspan(box.size());
  }
}

/// The pixels of the largest frame that an AV1 sequence header allows (AV1 specification, 5.5.1).
std::uint64_t largest_frame(Bytes header) {
  BitReader reader(header);
  reader.bits(3 + 1);  // profile, still_picture
  if (reader.bit()) {  // reduced_still_picture_header
    reader.bits(5);    // level
  } else {
    std::size_t delay_bits = 0;
    if (reader.bit()) {  // timing_info
      reader.bits(32);
      reader.bits(32);
      if (reader.bit()) reader.skip_uvlc();
      if (reader.bit()) {  // decoder_model_info
        delay_bits = reader.bits(5) + 1;
        reader.bits(32 + 5 + 5);
      }
    }
    const bool display_delays = reader.bit();
    for (std::uint64_t left = reader.bits(5) + 1; left > 0; --left) {  // operating points
      reader.bits(12);
      if (reader.bits(5) > 7) reader.bit();
      if (delay_bits > 0 && reader.bit()) {
        reader.bits(delay_bits);
        reader.bits(delay_bits);
        reader.bit();
      }
      if (display_delays && reader.bit()) reader.bits(4);
    }
  }
  const std::size_t width_bits = reader.bits(4) + 1;
  const std::size_t height_bits = reader.bits(4) + 1;
  const std::uint64_t width = reader.bits(width_bits) + 1;
  return width * (reader.bits(height_bits) + 1);
}

/// Counts the pixels that are decoded for the picture, shown or not. A still picture is one frame, or one for
/// each of its up to four layers; a hostile one may have a frame in every twenty bytes.
class FrameBudget {
 public:
  /// Adds the frames of a payload of AV1, which consists of units: a header, a size, a content (AV1
  /// specification, 5.3).
  void add(Bytes payload) {
    constexpr int sequence_header = 1, frame_header = 3, frame = 6;
    std::uint64_t frame_pixels = 0;
    while (!payload.empty()) {
      const int header = payload[0];
      std::size_t at = header & 4 ? 2 : 1;
      std::uint64_t size = payload.size() - std::min(payload.size(), at);
      if (header & 2) {
        size = 0;
        for (int i = 0; i < 8; ++i) {
          if (at >= payload.size()) return;
          const std::uint8_t byte = payload[at++];
          size |= std::uint64_t(byte & 127) << (7 * i);
          if (byte < 128) break;
        }
      }
      const int type = header >> 3 & 15;
      const Bytes content = slice(payload, at, size);
      if (type == sequence_header) frame_pixels = largest_frame(content);
      if (type == frame || type == frame_header) take(frame_pixels);
      payload = slice(payload, checked_sum(at, size));
    }
  }

 private:
  void take(std::uint64_t pixels) {
    if (pixels > max_pixels || (used_ += pixels) > 4 * max_pixels)
      throw PictureError("broken AVIF: far more frames than a picture needs");
  }

  std::uint64_t used_ = 0;
};

/// The items that are coded in AV1 ("iinf" box, ISO/IEC 14496-12, 8.11.6).
std::map<std::uint64_t, bool> coded_items(Bytes iinf) {
  std::map<std::uint64_t, bool> coded;
  for_each_box(slice(iinf, u32_be(iinf, 0) >> 24 == 0 ? 6 : 8), [&](std::string_view name, Bytes infe) {
    if (name != "infe" || infe.size() < 4) return;
    BoxReader reader(infe.subspan(4));
    const std::uint64_t item = reader.number(infe[0] == 2 ? 2 : 4);
    reader.number(2);
    coded[item] = starts_with(reader.rest(), "av01");
  });
  return coded;
}

/// Adds the frames of the items that the "iloc" box places in the file, or in the "idat" box (ISO/IEC
/// 14496-12, 8.11.3).
void add_items(Bytes file, Bytes iloc, Bytes idat, const std::map<std::uint64_t, bool>& coded,
               FrameBudget& budget) {
  BoxReader reader(iloc);
  const std::uint64_t version = reader.number(4) >> 24;
  const std::uint64_t sizes = reader.number(2);
  const std::size_t offset_size = sizes >> 12, length_size = sizes >> 8 & 15, base_size = sizes >> 4 & 15;
  const std::size_t index_size = version == 0 ? 0 : sizes & 15;
  for (std::uint64_t items = reader.number(version < 2 ? 2 : 4); items > 0; --items) {
    const auto found = coded.find(reader.number(version < 2 ? 2 : 4));
    const Bytes source = version > 0 && (reader.number(2) & 15) == 1 ? idat : file;
    reader.number(2);
    const std::uint64_t base = reader.number(base_size);
    std::vector<std::uint8_t> joined;
    Bytes payload;
    for (std::uint64_t extents = reader.number(2), i = 0; i < extents; ++i) {
      reader.number(index_size);
      const std::uint64_t offset = checked_sum(base, reader.number(offset_size));
      const Bytes extent = slice(source, offset, reader.number(length_size));
      if (found == coded.end() || !found->second) continue;
      if (i == 0) {
        payload = extent;
        continue;
      }
      if (i == 1) joined.assign(payload.begin(), payload.end());
      joined.insert(joined.end(), extent.begin(), extent.end());
      if (joined.size() > file.size()) throw PictureError("broken AVIF: an item is larger than the file");
      payload = joined;
    }
    budget.add(payload);
  }
}

/// Adds the frames of the first sample of a track, the only one that is decoded.
void add_track(Bytes file, Bytes track, FrameBudget& budget) {
  std::optional<std::uint64_t> offset;
  std::uint64_t size = 0;
  const auto visit = [&](const auto& again, std::string_view name, Bytes content) -> void {
    if (name == "mdia" || name == "minf" || name == "stbl") {
      for_each_box(content, [&](std::string_view inner, Bytes bytes) { again(again, inner, bytes); });
    } else if (name == "stsz") {
      BoxReader reader(slice(content, 4));
      size = reader.number(4);
      if (size == 0 && reader.number(4) > 0) size = reader.number(4);
    } else if (name == "stco" || name == "co64") {
      BoxReader reader(slice(content, 4));
      if (reader.number(4) > 0) offset = reader.number(name == "co64" ? 8 : 4);
    }
  };
  for_each_box(track, [&](std::string_view name, Bytes content) { visit(visit, name, content); });
  if (offset) budget.add(slice(file, *offset, size));
}

/// libavif looks for each item among all others, so that the tables of a hostile file could keep it busy for
/// minutes. A picture of a hundred tiles has tables of some kilobytes.
void check_table(std::string_view name, Bytes content) {
  constexpr std::size_t limit = std::size_t{64} << 10;
  if ((name == "iinf" || name == "iloc" || name == "iref" || name == "ipma") && content.size() > limit)
    throw PictureError("broken AVIF: far more items than a picture needs");
}

}  // namespace

void check_avif_work(Bytes file) {
  FrameBudget budget;
  for_each_box(file, [&](std::string_view name, Bytes content) {
    if (name == "meta") {
      Bytes iinf, iloc, idat;
      for_each_box(slice(content, 4), [&](std::string_view part, Bytes inner) {
        check_table(part, inner);
        if (part == "iprp") for_each_box(inner, check_table);
        if (part == "iinf") iinf = inner;
        if (part == "iloc") iloc = inner;
        if (part == "idat") idat = inner;
      });
      if (iinf.size() >= 8 && !iloc.empty()) add_items(file, iloc, idat, coded_items(iinf), budget);
    }
    if (name == "moov") {
      for_each_box(content, [&](std::string_view part, Bytes inner) {
        if (part == "trak") add_track(file, inner, budget);
      });
    }
  });
}

}  // namespace bart
