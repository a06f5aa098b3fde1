#include "bart/augment/augmentation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <vector>

#include "bart/augment/picture_change.h"
#include "bart/platform/error.h"

namespace bart {
namespace {

TEST(Augmentation, TheDefaultChangesNothing) {
  EXPECT_FALSE(Augmentation().changes());
  EXPECT_TRUE(Augmentation{.mirror = 0.5}.changes());
  EXPECT_NO_THROW(check_augmentation(Augmentation()));
}

TEST(Augmentation, RefusesInvalidProbabilitiesAndTooStrongChanges) {
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
    EXPECT_THAT(error.what(), testing::HasSubstr("window must lie within 0.1 to 2, not 1 to 2.5"));
  }
}

std::string complaint_about(const std::string& text) {
  try {
    augmentation_of(text);
  } catch (const Error& error) {
    return error.what();
  }
  return "none";
}

TEST(Augmentation, ReadsWhatItWrites) {
  const Augmentation strong = {
      .mirror = 0.5, .window = {0.75, 1.15}, .rotation = 12, .hue = 0.1 + 0.2, .erase = 1};
  EXPECT_EQ(augmentation_text(strong),
            "mirror=0.5,window=0.75..1.15,rotation=12,hue=0.30000000000000004,erase=1");
  EXPECT_EQ(augmentation_of(augmentation_text(strong)), strong);
  EXPECT_EQ(augmentation_text({}), "none");
  EXPECT_EQ(augmentation_of("none"), Augmentation());
  EXPECT_EQ(augmentation_of("erase=0.25,aspect=0.8..1.25"),
            (Augmentation{.aspect = {0.8, 1.25}, .erase = 0.25}));
}

TEST(Augmentation, SaysWhatItDoesNotUnderstand) {
  EXPECT_THAT(complaint_about("flip=0.5"), testing::HasSubstr("an augmentation has no \"flip\""));
  EXPECT_THAT(complaint_about(""), testing::HasSubstr("an augmentation has no \"\""));
  EXPECT_THAT(complaint_about("mirror=0.5,"), testing::HasSubstr("an augmentation has no \"\""));
  EXPECT_THAT(complaint_about("mirror"),
              testing::HasSubstr("\"mirror\" is not understood: write mirror=0.5"));
  EXPECT_THAT(complaint_about("mirror=half"), testing::HasSubstr("\"mirror=half\" is not understood"));
  EXPECT_THAT(complaint_about("window=0.9"), testing::HasSubstr("write window=0.75..1.15"));
  EXPECT_THAT(complaint_about("window=0.9..1.1x"), testing::HasSubstr("is not understood"));
  EXPECT_THAT(complaint_about("mirror=0.5,mirror=0.2"), testing::HasSubstr("mirror twice"));
  EXPECT_THAT(complaint_about("mirror=1.5"), testing::HasSubstr("must be from 0 to 1"));
  EXPECT_THAT(complaint_about("mirror=nan"), testing::HasSubstr("must be from 0 to 1"));
}

TEST(Augmentation, TheMildOneKeepsTheMirrorAndHalfOfTheWindow) {
  EXPECT_EQ(
      mild_augmentation({.mirror = 0.5, .window = {0.75, 1.25}, .rotation = 12, .hue = 0.02, .erase = 0.25}),
      (Augmentation{.mirror = 0.5, .window = {0.875, 1.125}}));
  EXPECT_FALSE(mild_augmentation({}).changes());
}

TEST(Augmentation, WhatIsNotPossibleChangesNoPicture) {
  const double nan = std::numeric_limits<double>::quiet_NaN(), infinity = 1 / 0.0;
  std::vector<std::uint8_t> from(8 * 8 * 3), to(8 * 8 * 3);
  for (const double bad : {nan, infinity, -1.0}) {
    for (const Augmentation& augmentation :
         {Augmentation{.mirror = bad}, Augmentation{.window = {bad, bad}}, Augmentation{.aspect = {bad, bad}},
          Augmentation{.rotation = bad}, Augmentation{.shift = bad}, Augmentation{.brightness = bad},
          Augmentation{.hue = bad}, Augmentation{.erase = bad}}) {
      EXPECT_THROW(augment_picture(augmentation, {1, 1, 1}, from, 8, to, 8), Error);
      EXPECT_THROW(mild_augmentation(augmentation), Error);
    }
  }
}

}  // namespace
}  // namespace bart
