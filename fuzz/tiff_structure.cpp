// The input describes a TIFF: its kind, changes to the tags of a small correct one, and the data of its
// strips or tiles. So there is always a directory, and mutations change the tags: sizes at the limits of 16,
// 32, 63 and 64 bits, whose products wrap around.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "bart/pictures/decode.h"
#include "pictures/tiff_file.h"
#include "require.h"

namespace {

namespace tag = bart::test::tiff_tag;

constexpr std::array<std::uint16_t, 19> tags = {tag::width,
                                                tag::height,
                                                tag::bits,
                                                tag::compression,
                                                tag::photometric,
                                                tag::fill_order,
                                                tag::strip_offsets,
                                                tag::samples,
                                                tag::rows_per_strip,
                                                tag::strip_sizes,
                                                tag::planes,
                                                tag::color_map,
                                                tag::tile_width,
                                                tag::tile_height,
                                                tag::tile_offsets,
                                                tag::tile_sizes,
                                                tag::extra_samples,
                                                tag::sample_format,
                                                317};  // 317: the predictor

constexpr std::array<std::uint64_t, 32> edge_values = {
    0,          1,           2,          3,          4,          5,          6,          7,
    8,          12,          16,         32,         64,         127,        128,        255,
    256,        0x7fff,      0x8000,     0xffff,     0x10000,    32773,      0x7fffffff, 0x80000000,
    0xffffffff, 0x100000000, 1ull << 59, 1ull << 60, 1ull << 62, ~0ull >> 1, 1ull << 63, ~0ull};
constexpr std::array<std::uint16_t, 4> types = {1, 3, 4, 16};
constexpr std::array<std::uint64_t, 8> compressions = {1, 5, 8, 32773, 2, 3, 4, 7};

class Input {
 public:
  explicit Input(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}
  std::uint8_t next() {
    if (bytes_.empty()) return 0;
    const std::uint8_t byte = bytes_[0];
    bytes_ = bytes_.subspan(1);
    return byte;
  }
  std::span<const std::uint8_t> rest() const { return bytes_; }

 private:
  std::span<const std::uint8_t> bytes_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input input({data, size});
  const std::uint8_t kind = input.next();
  const bool big = (kind & 1) != 0, tiled = (kind & 2) != 0, color = (kind & 4) != 0;
  const std::uint64_t compression = compressions[kind >> 3 & 7];

  struct Entry {
    std::uint16_t type;
    std::vector<std::uint64_t> values;
  };
  std::map<std::uint16_t, Entry> entries;
  const auto set = [&](std::uint16_t name, std::uint64_t value) {
    entries[name] = {big ? std::uint16_t{16} : std::uint16_t{4}, {value}};
  };
  set(tag::width, 16);
  set(tag::height, 16);
  entries[tag::bits] = {3, std::vector<std::uint64_t>(color ? 3 : 1, 8)};
  set(tag::compression, compression);
  set(tag::photometric, color ? 2 : 1);
  set(tag::samples, color ? 3 : 1);
  set(tiled ? tag::tile_width : tag::rows_per_strip, 16);
  if (tiled) set(tag::tile_height, 16);
  const std::uint16_t offsets = tiled ? tag::tile_offsets : tag::strip_offsets;
  set(offsets, 0);
  set(tiled ? tag::tile_sizes : tag::strip_sizes, 768);

  bool own_offsets = false;
  for (int changes = input.next() % 8; changes > 0; --changes) {
    const std::uint16_t name = tags[input.next() % tags.size()];
    const std::uint8_t how = input.next();
    own_offsets = own_offsets || name == offsets;
    if (how % 16 == 15) {
      entries.erase(name);
      continue;
    }
    Entry entry{types[how & 3], {}};
    for (int count = 1 + (how >> 2 & 3); count > 0; --count)
      entry.values.push_back(edge_values[input.next() % edge_values.size()]);
    entries[name] = entry;
  }

  const auto built = [&] {
    bart::test::TiffFile tiff(big);
    for (const auto& [name, entry] : entries) tiff.add(name, entry.type, entry.values);
    return tiff;
  };
  const std::size_t data_at = built().data_offset();
  if (!own_offsets) std::ranges::fill(entries[offsets].values, data_at);
  try {
    const bart::Picture picture = bart::decode_picture(built().with(input.rest())).picture;
    REQUIRE(picture.pixels.size() == std::size_t(picture.width) * std::size_t(picture.height) * 3);
  } catch (const bart::PictureError& error) {
    REQUIRE(error.what()[0] != '\0');
  }
  return 0;
}
