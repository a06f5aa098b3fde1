#include "bart/explain/overlay.h"
#include "bart/explain/contact_sheet.h"
#include "bart/platform/error.h"

#include <gtest/gtest.h>

namespace bart {
namespace {

TEST(Overlay, DimsWhatDoesNotCountAndReddensWhatDoes) {
  const Picture grey{4, 4, std::vector<std::uint8_t>(48, 128)};
  const Picture result = overlay(grey, {2, {0, 0, 0, 5}});
  ASSERT_EQ(result.pixels.size(), 48u);
  const auto pixel = [&](int x, int y) { return &result.pixels[static_cast<std::size_t>(y * 4 + x) * 3]; };
  EXPECT_LT(pixel(0, 0)[0], 128);
  EXPECT_EQ(pixel(0, 0)[0], pixel(0, 0)[2]);
  EXPECT_GT(pixel(3, 3)[0], pixel(3, 3)[2] + 50);
}

TEST(Overlay, AMapOfNothingDimsEverythingAlike) {
  const Picture grey{3, 2, std::vector<std::uint8_t>(18, 100)};
  const Picture result = overlay(grey, {4, std::vector<float>(16, 0.0f)});
  for (const std::uint8_t value : result.pixels) EXPECT_EQ(value, result.pixels[0]);
}

TEST(Overlay, RefusesWhatIsNotWhole) {
  const Picture whole{2, 2, std::vector<std::uint8_t>(12)};
  const ClassActivationMap map{1, {1}};
  for (const Picture& bad : {Picture{}, Picture{2, 2, {1}}, Picture{-2, -2, whole.pixels}}) {
    EXPECT_THROW(overlay(bad, map), Error);
    EXPECT_THROW(with_heat_scale(bad, 64), Error);
  }
  for (const ClassActivationMap& bad :
       {ClassActivationMap{}, ClassActivationMap{2, {1}}, ClassActivationMap{-1, {1}}})
    EXPECT_THROW(overlay(whole, bad), Error);
  for (const float bad : {0.0f / 0.0f, 1 / 0.0f, -1.0f})
    EXPECT_THROW(overlay(whole, ClassActivationMap{1, {bad}}), Error);
  EXPECT_THROW(with_heat_scale(whole, 0), Error);
}

}  // namespace
}  // namespace bart
