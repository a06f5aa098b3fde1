// Small TIFFs whose compressed strips or tiles would take minutes: each is refused before it is decoded.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <algorithm>
#include <initializer_list>
#include <utility>

#include "bart/pictures/decode.h"
#include "pictures/picture_files.h"
#include "pictures/tiff_file.h"

namespace bart {
namespace {

/// Why the file is refused; empty where it is read.
std::string reason_for(const test::FileBytes& file) {
  try {
    decode_resized(file, 8, 8);
  } catch (const PictureError& error) {
    return error.what();
  }
  return "";
}

/// A gray TIFF, compressed, in tiles of this size one upon the other that all lie at one place.
struct SharedTiles {
  std::uint64_t compression, width, height, tile_width, tile_height, bits = 8, predictor = 1, format = 1;
};
test::FileBytes tiff_of(const SharedTiles& tiles, const test::FileBytes& data) {
  namespace t = test::tiff_tag;
  const std::size_t count = ((tiles.width + tiles.tile_width - 1) / tiles.tile_width) *
                            ((tiles.height + tiles.tile_height - 1) / tiles.tile_height);
  const auto built = [&](std::uint64_t offset) {
    test::TiffFile tiff(false);
    tiff.add(t::width, tiles.width);
    tiff.add(t::height, tiles.height);
    tiff.add(t::bits, 3, {tiles.bits});
    tiff.add(t::compression, 3, {tiles.compression});
    tiff.add(t::photometric, 3, {tiles.bits == 1 ? 0u : 1u});
    tiff.add(t::samples, 3, {1});
    if (tiles.predictor != 1) tiff.add(317, 3, {tiles.predictor});
    tiff.add(t::tile_width, tiles.tile_width);
    tiff.add(t::tile_height, tiles.tile_height);
    tiff.add(t::tile_offsets, 4, std::vector<std::uint64_t>(count, offset));
    tiff.add(t::tile_sizes, 4, std::vector<std::uint64_t>(count, data.size()));
    tiff.add(t::sample_format, 3, {tiles.format});
    return tiff;
  };
  return built(built(0).data_offset()).with(data);
}

/// As many bytes of zero, deflated.
test::FileBytes deflated_zeros(std::size_t size) {
  const test::FileBytes zeros(size);
  uLongf deflated = compressBound(size);
  test::FileBytes data(deflated);
  EXPECT_EQ(compress2(data.data(), &deflated, zeros.data(), size, 9), Z_OK);
  data.resize(deflated);
  return data;
}

TEST(HostileTiffs, ATiffWhoseTilesTakeLongToInflateIsRefused) {
  const auto refused = testing::HasSubstr("hold far more than the picture");
  const test::FileBytes zeros = deflated_zeros(1 << 26);
  // 63 tiles of 64 MiB, of a picture 16 pixels wide.
  EXPECT_THAT(reason_for(tiff_of({8, 16, 4096 * 63, 4096, 4096, 32, 3, 3}, zeros)), refused);
  EXPECT_THAT(reason_for(tiff_of({8, 16, 8192 * 63, 8192, 8192, 8, 2}, zeros)), refused);
  // LZMA and CCITT's group 4, refused before they are decoded, whatever the data.
  EXPECT_THAT(reason_for(tiff_of({34925, 16, 8192 * 63, 8192, 8192}, zeros)), refused);
  EXPECT_THAT(reason_for(tiff_of({34925, 16, 4096 * 63, 4096, 4096, 32, 3, 3}, zeros)), refused);
  const test::FileBytes ones(11184800 / 8 + 1, 0xff);
  EXPECT_THAT(reason_for(tiff_of({4, 16 * 4, 16, 16, 11184800, 1}, ones)), "");
  EXPECT_THAT(reason_for(tiff_of({4, 16 * 185, 16, 16, 11184800, 1}, ones)), refused);
  // All of a picture at one place, as programs write what is blank.
  EXPECT_EQ(reason_for(tiff_of({8, 2048, 2048, 256, 256, 8, 2}, deflated_zeros(1 << 16))), "");
  EXPECT_EQ(reason_for(tiff_of({8, 1024, 1024, 256, 256, 32, 3, 3}, deflated_zeros(1 << 18))), "");
}

TEST(HostileTiffs, ATiffWhoseTilesShareManyBytesIsRefused) {
  test::FileBytes data = deflated_zeros(1 << 16);
  EXPECT_EQ(reason_for(tiff_of({8, 256 * 16, 256, 256, 256}, data)), "");
  data.resize(1 << 20);
  EXPECT_THAT(reason_for(tiff_of({8, 256 * 40, 256, 256, 256}, data)), testing::HasSubstr("share far more"));
}

/// A progressive gray JPEG, square, of one color: a scan for the first coefficients and `scans` for the
/// others.
test::FileBytes progressive_square(std::uint32_t side, int scans) {
  test::FileBytes jpeg = {0xFF, 0xD8};
  const auto segment = [&](std::uint8_t marker, const test::FileBytes& content) {
    jpeg.insert(jpeg.end(), {0xFF, marker, 0, std::uint8_t(content.size() + 2)});
    jpeg.insert(jpeg.end(), content.begin(), content.end());
  };
  test::FileBytes table(65, 1);
  table[0] = 0;
  segment(0xDB, table);
  const auto high = std::uint8_t(side >> 8), low = std::uint8_t(side);
  segment(0xC2, {8, high, low, high, low, 1, 1, 0x11, 0});
  segment(0xC4, {0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0});
  segment(0xC4, {0x10, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xE0});  // 0: 16384 empty blocks
  const std::uint32_t blocks = ((side + 7) / 8) * ((side + 7) / 8);
  segment(0xDA, {1, 1, 0, 0, 0, 0});
  jpeg.insert(jpeg.end(), (blocks + 7) / 8, std::uint8_t{0});
  for (int i = 0; i < scans; ++i) {
    segment(0xDA, {1, 1, 0, 1, 63, 0});
    jpeg.insert(jpeg.end(), (blocks / 16384 + 1) * 2, std::uint8_t{0});
  }
  jpeg.insert(jpeg.end(), {0xFF, 0xD9});
  return jpeg;
}

TEST(HostileTiffs, ATiffOfProgressiveJpegsWithManyScansIsRefused) {
  const auto with = [](std::uint64_t tiles, int scans) {
    return reason_for(tiff_of({7, 16, 2176 * tiles, 2176, 2176}, progressive_square(2176, scans)));
  };
  EXPECT_EQ(with(3, 9), "");
  EXPECT_THAT(with(906, 97), testing::HasSubstr("far more scans"));
  test::FileBytes arithmetic = progressive_square(2176, 0);
  const auto frame = std::ranges::find(arithmetic, std::uint8_t{0xC2});
  *frame = 0xC9;
  EXPECT_THAT(reason_for(tiff_of({7, 16, 2176 * 900, 2176, 2176}, arithmetic)),
              testing::HasSubstr("far more scans"));
  // A last strip's JPEG may be higher than the strip.
  namespace t = test::tiff_tag;
  const test::FileBytes jpeg = progressive_square(9000, 97);
  const auto built = [&](std::uint64_t offset) {
    test::TiffFile tiff(false);
    for (const auto& [tag, value] : std::initializer_list<std::pair<std::uint16_t, std::uint64_t>>{
             {t::width, 9000}, {t::height, 8}, {t::bits, 8}, {t::compression, 7}, {t::photometric, 1}})
      tiff.add(tag, value);
    tiff.add(t::strip_offsets, offset);
    tiff.add(t::samples, 1);
    tiff.add(t::rows_per_strip, 8);
    tiff.add(t::strip_sizes, jpeg.size());
    return tiff;
  };
  EXPECT_THAT(reason_for(built(built(0).data_offset()).with(jpeg)), testing::HasSubstr("far more scans"));
}

}  // namespace
}  // namespace bart
