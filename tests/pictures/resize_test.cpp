#include "bart/pictures/resize.h"

#include <gtest/gtest.h>
#include <hwy/targets.h>

#include "bart/pictures/decode.h"
#include "bart/pictures/encode_jpeg.h"
#include "engine/target_test.h"
#include "golden.h"
#include "picture_files.h"

namespace bart {
namespace {

struct InstructionSet {
  std::int64_t target;
};

std::vector<InstructionSet> every_instruction_set() {
  std::vector<InstructionSet> sets;
  for (const std::int64_t target : hwy::SupportedAndGeneratedTargets()) sets.push_back({target});
  return sets;
}

class ResizeOn : public TargetTest<InstructionSet> {};

TEST_P(ResizeOn, GivesPillowsPixels) {
  // Without vectors each sum is a loop of calls, and emulated vectors are arrays whose every access is
  // checked.
#ifndef NDEBUG
  if (GetParam().target == HWY_SCALAR || GetParam().target == HWY_EMU128)
    GTEST_SKIP() << "too slow without optimization";
#elif defined(__SANITIZE_ADDRESS__)
  if (GetParam().target == HWY_EMU128) GTEST_SKIP() << "too slow with AddressSanitizer";
#endif
  for (const std::vector<std::string>& row : test::read_golden("resize.tsv")) {
    SCOPED_TRACE(row[0] + "x" + row[1] + " to " + row[2] + "x" + row[3]);
    const Picture resized = resize_picture(test::noise(std::stoi(row[0]), std::stoi(row[1])),
                                           std::stoi(row[2]), std::stoi(row[3]));
    EXPECT_EQ(resized.width, std::stoi(row[2]));
    EXPECT_EQ(resized.height, std::stoi(row[3]));
    EXPECT_EQ(test::crc_of(resized.pixels), row[4]);
  }
}

INSTANTIATE_TEST_SUITE_P(EveryInstructionSet, ResizeOn, testing::ValuesIn(every_instruction_set()),
                         [](const auto& set) { return std::string(hwy::TargetName(set.param.target)); });

TEST(Resize, KeepsAPictureThatHasTheSize) {
  const Picture picture = test::noise(37, 23);
  EXPECT_EQ(resize_picture(picture, 37, 23).pixels, picture.pixels);
}

TEST(Resize, RefusesSizesWithoutPixelsOrOverTheLimit) {
  const Picture picture = test::noise(4, 4);
  EXPECT_THROW(resize_picture(picture, 0, 4), Error);
  EXPECT_THROW(resize_picture(picture, 4, -1), Error);
  EXPECT_THROW(resize_picture(picture, 1 << 20, 1 << 20), Error);
  EXPECT_THROW(resize_picture({}, 4, 4), Error);
}

TEST(Resize, RealPicturesAreReadToPillowsPixelsAndWrittenToItsJpegs) {
  if (!std::filesystem::exists(test::real_pictures)) GTEST_SKIP() << "no " << test::real_pictures;
  for (const std::vector<std::string>& row : test::read_golden("subset_pixels.tsv")) {
    SCOPED_TRACE(row[0]);
    const auto files = test::files_in(test::real_pictures / row[0]);
    EXPECT_EQ(std::to_string(files.size()), row[1]);
    unsigned long pixels = 0, jpegs = 0;
    for (const auto& file : files) {
      const Picture picture =
          decode_resized(test::bytes_of(file), 128, 128, {.apply_exif_orientation = false}).picture;
      pixels = crc32_z(pixels, picture.pixels.data(), picture.pixels.size());
      const std::vector<std::uint8_t> jpeg = encode_jpeg(picture);
      jpegs = crc32_z(jpegs, jpeg.data(), jpeg.size());
    }
    EXPECT_EQ(test::crc_text(pixels), row[2]);
    EXPECT_EQ(test::crc_text(jpegs), row[3]);
  }
}

TEST(Resize, AnEnormousPictureFitsAsItWouldWithEveryRow) {
  // A ramp along the longer side, and two columns that differ.
  constexpr int length = 100'003;
  for (const bool tall : {true, false}) {
    Picture picture{tall ? 2 : length, tall ? length : 2, std::vector<std::uint8_t>(6 * length)};
    for (std::size_t i = 0; i < length; ++i) {
      for (std::size_t k = 0; k < 2; ++k) {
        const std::size_t at = 3 * (tall ? 2 * i + k : k * length + i);
        picture.pixels[at] = static_cast<std::uint8_t>(255 * i / length);
        picture.pixels[at + 1] = static_cast<std::uint8_t>(k == 0 ? 10 : 200);
        picture.pixels[at + 2] = static_cast<std::uint8_t>(i % 2 == 0 ? 90 : 91);
      }
    }
    const Picture fitted = fit_picture(picture, 40);
    ASSERT_EQ(fitted.width, tall ? 1 : 40);
    ASSERT_EQ(fitted.height, tall ? 40 : 1);
    const Picture whole = resize_picture(picture, fitted.width, fitted.height);
    for (std::size_t i = 0; i < whole.pixels.size(); ++i)
      EXPECT_NEAR(fitted.pixels[i], whole.pixels[i], 2) << i;
  }
}

}  // namespace
}  // namespace bart
