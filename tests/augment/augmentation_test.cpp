#include "bart/augment/augmentation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "bart/platform/error.h"

namespace bart {
namespace {

TEST(Augmentation, TheDefaultChangesNothing) {
  EXPECT_FALSE(Augmentation().changes());
  EXPECT_TRUE(Augmentation{.mirror = 0.5}.changes());
  EXPECT_NO_THROW(check_augmentation(Augmentation()));
}

TEST(Augmentation, RefusesWhatIsNoProbabilityOrTooMuch) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const Augmentation& bad :
       {Augmentation{.mirror = -0.1}, Augmentation{.mirror = 1.5}, Augmentation{.mirror = nan},
        Augmentation{.window = {1.2, 0.8}}, Augmentation{.window = {0, 1}}, Augmentation{.window = {1, 2.5}},
        Augmentation{.window = {nan, 1}}, Augmentation{.aspect = {0.3, 1}}, Augmentation{.aspect = {1, 3}},
        Augmentation{.rotation = 181}, Augmentation{.rotation = -1}, Augmentation{.shear = 46},
        Augmentation{.shift = 0.6}, Augmentation{.brightness = 1.1}, Augmentation{.contrast = nan},
        Augmentation{.saturation = -0.2}, Augmentation{.hue = 0.6}, Augmentation{.erase = 2}}) {
    EXPECT_THROW(check_augmentation(bad), Error);
  }
  try {
    check_augmentation({.window = {1, 2.5}});
  } catch (const Error& error) {
    EXPECT_THAT(error.what(),
                testing::HasSubstr("a window from 1 to 2.5 is not possible: it must lie within 0.1 to 2"));
  }
}

}  // namespace
}  // namespace bart
