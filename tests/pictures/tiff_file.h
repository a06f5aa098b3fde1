#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

namespace bart::test {

/// An entry of a TIFF's directory (TIFF 6.0, section 2, and BigTIFF).
struct TiffEntry {
  std::uint16_t tag;
  std::uint16_t type;  // 1 BYTE, 3 SHORT, 4 LONG, 16 LONG8
  std::vector<std::uint64_t> values;
};

/// The tags that decide how pixels are read.
namespace tiff_tag {
inline constexpr std::uint16_t width = 256, height = 257, bits = 258, compression = 259, photometric = 262,
                               fill_order = 266, strip_offsets = 273, samples = 277, rows_per_strip = 278,
                               strip_sizes = 279, planes = 284, color_map = 320, tile_width = 322,
                               tile_height = 323, tile_offsets = 324, tile_sizes = 325, extra_samples = 338,
                               sample_format = 339;
}

/// A little-endian TIFF of one directory: the header, the directory, its values, then `data`. An offset in a
/// value is right where it counts from the beginning of the file; data_offset() is where `data` will lie.
class TiffFile {
 public:
  explicit TiffFile(bool big) : big_(big) {}

  void add(std::uint16_t tag, std::uint16_t type, std::vector<std::uint64_t> values) {
    entries_.push_back({tag, type, std::move(values)});
  }
  void add(std::uint16_t tag, std::uint64_t value) { add(tag, big_ ? 16 : 4, {value}); }

  std::size_t data_offset() const {
    std::size_t offset = directory_end();
    for (const TiffEntry& entry : entries_)
      if (size_of(entry) > word()) offset += size_of(entry);
    return offset;
  }

  std::vector<std::uint8_t> with(std::span<const std::uint8_t> data) const {
    std::vector<std::uint8_t> file, values;
    append(file, 0x4949, 2);
    append(file, big_ ? 43 : 42, 2);
    if (big_) append(file, 8, 4);  // bytes per offset, and nothing
    append(file, header_size(), word());
    append(file, entries_.size(), count_size());
    for (const TiffEntry& entry : entries_) {
      append(file, entry.tag, 2);
      append(file, entry.type, 2);
      append(file, entry.values.size(), word());
      std::vector<std::uint8_t> bytes;
      for (const std::uint64_t value : entry.values) append(bytes, value, value_size(entry));
      if (bytes.size() > word()) {
        append(file, directory_end() + values.size(), word());
        values.insert(values.end(), bytes.begin(), bytes.end());
      } else {
        bytes.resize(word());
        file.insert(file.end(), bytes.begin(), bytes.end());
      }
    }
    append(file, 0, word());  // no more directories
    file.insert(file.end(), values.begin(), values.end());
    file.insert(file.end(), data.begin(), data.end());
    return file;
  }

 private:
  static void append(std::vector<std::uint8_t>& to, std::uint64_t value, std::size_t bytes) {
    for (std::size_t i = 0; i < bytes; ++i) to.push_back(static_cast<std::uint8_t>(value >> 8 * i));
  }
  static std::size_t value_size(const TiffEntry& entry) {
    return entry.type == 16 ? 8 : entry.type == 4 ? 4 : entry.type == 3 ? 2 : 1;
  }
  static std::size_t size_of(const TiffEntry& entry) { return value_size(entry) * entry.values.size(); }
  std::size_t word() const { return big_ ? 8 : 4; }
  std::size_t count_size() const { return big_ ? 8 : 2; }
  std::size_t header_size() const { return big_ ? 16 : 8; }
  std::size_t directory_end() const {
    return header_size() + count_size() + entries_.size() * (4 + 2 * word()) + word();
  }

  bool big_;
  std::vector<TiffEntry> entries_;
};

}  // namespace bart::test
