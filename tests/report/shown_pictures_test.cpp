// Thumbnails of mistakes: as many as there is room for in a page.
#include "shown_pictures.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>
#include <random>

namespace bart {
namespace {

/// Shows `count` mistakes, all with the same picture of 64 x 64 pixels, whose values are `value(i)`.
template <class Value>
std::vector<ShownPicture> show(std::size_t count, Value value) {
  LoadedPictures pictures;
  pictures.image_size = 64;
  std::vector<std::uint8_t> pixels(pictures.bytes_each());
  for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = value(i);
  pictures.pixels = ByteStore::in_memory(pixels.size());
  pictures.pixels.write(0, pixels);
  pictures.files.assign(count, "gone.jpg");
  pictures.labels.assign(count, 0);
  pictures.slots.assign(count, 0);
  std::vector<std::uint32_t> test(count);
  std::iota(test.begin(), test.end(), 0U);
  Predictions predictions{.classes = 2, .labels = pictures.labels, .logits = std::vector<float>(2 * count)};
  std::vector<ReportPicture> chosen;
  for (std::size_t i = 0; i < count; ++i) chosen.push_back({i, {1, 0}});
  return shown_pictures({RunFolder("nowhere"), {}, {}}, pictures, test, predictions, chosen, {}, 1);
}

std::size_t bytes_of(const std::vector<ShownPicture>& shown) {
  std::size_t bytes = 0;
  for (const ShownPicture& picture : shown) bytes += picture.thumbnail.size();
  return bytes;
}

TEST(ShownPictures, AllMistakesAreShownWhereTheyFitAndTheLastAreLeftOutWhereNot) {
  const auto smooth = [](std::size_t i) { return static_cast<std::uint8_t>(i / 96); };
  EXPECT_EQ(show(3353, smooth).size(), 3353u);
  // Noise is what a JPEG compresses least.
  std::mt19937 random(1);
  const auto noise = [&](std::size_t) { return static_cast<std::uint8_t>(random()); };
  const auto shown = show(3353, noise);
  EXPECT_LT(shown.size(), 3353u);
  EXPECT_GT(shown.size(), 500u);
  EXPECT_LE(bytes_of(shown), 5'600'000u);
  // More pictures, smaller files.
  EXPECT_LT(bytes_of(show(801, smooth)) / 801, bytes_of(show(800, smooth)) / 800);
}

}  // namespace
}  // namespace bart
