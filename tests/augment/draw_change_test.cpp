// Golden: tests/goldens/make_augment.py, numpy.
#include <gtest/gtest.h>
#include <zlib.h>

#include <cmath>
#include <numbers>
#include <vector>

#include "bart/augment/picture_change.h"
#include "bart/platform/error.h"
#include "golden.h"

namespace bart {
namespace {

const Augmentation everything = {.mirror = 0.5,
                                 .window = {0.75, 1.15},
                                 .aspect = {0.85, 1.18},
                                 .rotation = 12,
                                 .shear = 8,
                                 .shift = 0.1,
                                 .brightness = 0.25,
                                 .contrast = 0.25,
                                 .saturation = 0.25,
                                 .hue = 0.02,
                                 .erase = 0.25};

PictureChange drawn(const Augmentation& augmentation, std::uint32_t picture, int from = 160, int to = 128) {
  return draw_change(augmentation, PictureRandom(10, 1, picture, RandomPurpose::augmentation), from, to);
}

TEST(DrawChange, WithoutAugmentationKeepsEveryPixelAndColour) {
  const PictureChange change = drawn({}, 0, 128, 128);
  const PictureChange nothing = {.x0 = 0,
                                 .xx = 65536,
                                 .xy = 0,
                                 .y0 = 0,
                                 .yx = 0,
                                 .yy = 65536,
                                 .colours = {4096, 0, 0, 0, 4096, 0, 0, 0, 4096},
                                 .offset = 0,
                                 .left = change.left,
                                 .top = change.top,
                                 .right = change.left,
                                 .bottom = change.top,
                                 .paint = change.paint};
  EXPECT_EQ(change, nothing);
}

TEST(DrawChange, IsTheSameOnEveryMachine) {
  std::vector<std::int32_t> numbers;
  for (std::uint32_t picture = 0; picture < 2000; ++picture) {
    const PictureChange c = drawn(everything, picture);
    numbers.insert(numbers.end(), {c.x0, c.xx, c.xy, c.y0, c.yx, c.yy});
    numbers.insert(numbers.end(), c.colours.begin(), c.colours.end());
    numbers.insert(numbers.end(), {c.offset, c.left, c.top, c.right, c.bottom});
    numbers.insert(numbers.end(), c.paint.begin(), c.paint.end());
  }
  EXPECT_EQ(test::crc32_of(numbers), test::read_golden("augment.tsv")[0][1]);
}

TEST(DrawChange, FiguresDoNotMoveEachOthersDraws) {
  const PictureChange all = drawn(everything, 7);
  Augmentation without_colour = everything;
  without_colour.brightness = without_colour.contrast = without_colour.saturation = without_colour.hue = 0;
  const PictureChange plain = drawn(without_colour, 7);
  EXPECT_EQ(plain.x0, all.x0);
  EXPECT_EQ(plain.yx, all.yx);
  EXPECT_EQ(plain.left, all.left);
  EXPECT_EQ(plain.paint, all.paint);
  EXPECT_NE(plain.colours, all.colours);
}

TEST(DrawChange, EachFigureStaysInItsRangeAndFillsIt) {
  constexpr std::uint32_t pictures = 4000;
  // The window's side in both directions, from the pixel steps; the shift from the centre's place.
  const auto extremes = [&](const Augmentation& a, const auto& figure) {
    double least = 1e9, most = -1e9;
    for (std::uint32_t i = 0; i < pictures; ++i) {
      const double value = figure(drawn(a, i, 128, 128));
      least = std::min(least, value);
      most = std::max(most, value);
    }
    return std::pair(least, most);
  };
  const auto near = [](std::pair<double, double> found, double low, double high) {
    const double slack = 0.01 * (high - low);
    EXPECT_GE(found.first, low - 1e-3);
    EXPECT_LE(found.first, low + slack);
    EXPECT_LE(found.second, high + 1e-3);
    EXPECT_GE(found.second, high - slack);
  };
  near(extremes({.window = {0.75, 1.15}}, [](const PictureChange& c) { return c.xx / 65536.0; }), 0.75, 1.15);
  near(extremes({.aspect = {0.85, 1.18}},
                [](const PictureChange& c) { return static_cast<double>(c.xx) / c.yy; }),
       0.85, 1.18);
  near(extremes({.rotation = 12},
                [](const PictureChange& c) {
                  return std::atan2(static_cast<double>(c.yx), static_cast<double>(c.xx)) * 180 /
                         std::numbers::pi;
                }),
       -12, 12);
  near(extremes({.rotation = 180},
                [](const PictureChange& c) {
                  return std::atan2(static_cast<double>(c.yx), static_cast<double>(c.xx)) * 180 /
                         std::numbers::pi;
                }),
       -180, 180);
  near(extremes({.shear = 8},
                [](const PictureChange& c) { return std::atan(c.xy / 65536.0) * 180 / std::numbers::pi; }),
       -8, 8);
  near(extremes({.shift = 0.1}, [](const PictureChange& c) { return c.x0 / 65536.0 / 128; }), -0.1, 0.1);
  near(extremes({.shift = 0.1}, [](const PictureChange& c) { return c.y0 / 65536.0 / 128; }), -0.1, 0.1);
  near(extremes({.brightness = 0.25}, [](const PictureChange& c) { return c.colours[4] / 4096.0; }), 0.75,
       1.25);
  near(extremes({.contrast = 0.25}, [](const PictureChange& c) { return c.colours[4] / 4096.0; }), 0.75,
       1.25);
  near(extremes({.contrast = 0.25}, [](const PictureChange& c) { return c.offset / 4096.0 / 127.5; }), -0.25,
       0.25);
  // The part of red that stays red after a change of saturation: 0.299 + 0.701 times the factor.
  near(extremes({.saturation = 0.25},
                [](const PictureChange& c) { return (c.colours[0] / 4096.0 - 0.299) / 0.701; }),
       0.75, 1.25);
}

TEST(DrawChange, ColoursKeepGreyGreyAndLumaUnderHueAndSaturation) {
  for (std::uint32_t i = 0; i < 200; ++i) {
    const PictureChange c = drawn({.saturation = 1, .hue = 0.5}, i);
    for (std::size_t to = 0; to < 3; ++to) {
      // Three roundings of 1/2 each.
      EXPECT_NEAR(c.colours[3 * to] + c.colours[3 * to + 1] + c.colours[3 * to + 2], 4096, 2);
    }
    for (std::size_t from = 0; from < 3; ++from) {
      const double luma = 0.299 * c.colours[from] + 0.587 * c.colours[3 + from] + 0.114 * c.colours[6 + from];
      EXPECT_NEAR(luma / 4096, (std::array{0.299, 0.587, 0.114})[from], 1e-3);
    }
  }
}

TEST(DrawChange, ProbabilitiesAreMet) {
  constexpr std::uint32_t pictures = 10000;
  int mirrored = 0, erased = 0;
  for (std::uint32_t i = 0; i < pictures; ++i) {
    const PictureChange c = drawn({.mirror = 0.3, .erase = 0.25}, i);
    mirrored += c.xx < 0;
    erased += c.right > c.left;
    ASSERT_GE(c.left, 0);
    ASSERT_GE(c.top, 0);
    ASSERT_LE(c.right, 128);
    ASSERT_LE(c.bottom, 128);
  }
  // Six standard deviations of a binomial count.
  EXPECT_NEAR(mirrored, 3000, 6 * std::sqrt(pictures * 0.3 * 0.7));
  EXPECT_NEAR(erased, 2500, 6 * std::sqrt(pictures * 0.25 * 0.75));
}

TEST(DrawChange, ErasedAreasAreThoseOfTorchvision) {
  for (std::uint32_t i = 0; i < 2000; ++i) {
    const PictureChange c = drawn({.erase = 1}, i);
    const double width = c.right - c.left, height = c.bottom - c.top;
    // Each side is rounded to whole pixels.
    EXPECT_GE((width + 0.5) * (height + 0.5) / (128 * 128), 0.02);
    EXPECT_LE((width - 0.5) * (height - 0.5) / (128 * 128), 0.33);
    EXPECT_LE(std::max(width, height) - 0.5, (std::min(width, height) + 0.5) / 0.3);
  }
}

TEST(DrawChange, RefusesSidesThatDoNotFitItsNumbers) {
  EXPECT_THROW(drawn({}, 0, 0, 128), Error);
  EXPECT_THROW(drawn({}, 0, 128, 0), Error);
  EXPECT_THROW(drawn({}, 0, largest_changed_side + 1, 128), Error);
  // The strongest change of the largest picture still has all its positions within 32 bits, vectors' tails
  // included.
  const Augmentation strongest = {
      .mirror = 0.5, .window = {2, 2}, .aspect = {0.5, 2}, .rotation = 180, .shear = 45, .shift = 0.5};
  check_augmentation(strongest);
  for (std::uint32_t i = 0; i < 2000; ++i) {
    const PictureChange c = drawn(strongest, i, largest_changed_side, 128);
    for (const double x : {0.0, 143.0}) {
      for (const double y : {0.0, 127.0}) {
        ASSERT_LT(std::abs(c.x0 + x * c.xx + y * c.xy), 0x1p31);
        ASSERT_LT(std::abs(c.y0 + x * c.yx + y * c.yy), 0x1p31);
      }
    }
  }
}

}  // namespace
}  // namespace bart
