// Golden: tests/goldens/make_augment.py, numpy.
#include <gtest/gtest.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "bart/augment/picture_change.h"
#include "bart/platform/error.h"
#include "engine/target_test.h"
#include "golden.h"

namespace bart {
namespace {

using Bytes = std::vector<std::uint8_t>;

const Augmentation strong = {.mirror = 0.5,
                             .window = {0.5, 1.5},
                             .aspect = {0.7, 1.4},
                             .rotation = 60,
                             .shear = 20,
                             .shift = 0.2,
                             .brightness = 0.4,
                             .contrast = 0.4,
                             .saturation = 0.6,
                             .hue = 0.2,
                             .erase = 0.5};

Bytes noise(int side, std::uint32_t seed) {
  Bytes picture(static_cast<std::size_t>(side * side) * 3);
  PictureRandom random(seed, 0, 0, RandomPurpose::augmentation);
  for (std::uint8_t& byte : picture) byte = static_cast<std::uint8_t>(random.next());
  return picture;
}

/// Slow waves of colour, on which a bilinear sample has little to interpolate.
Bytes waves(int side) {
  Bytes picture;
  for (int y = 0; y < side; ++y) {
    for (int x = 0; x < side; ++x) {
      for (const double phase : {0.0, 1.0, 2.0}) {
        picture.push_back(
            static_cast<std::uint8_t>(127.5 + 120 * std::sin(x * 0.07 + phase) * std::cos(y * 0.05)));
      }
    }
  }
  return picture;
}

PictureChange change_of(const Augmentation& augmentation, std::uint32_t picture, int from, int to) {
  return draw_change(augmentation, PictureRandom(3, 5, picture, RandomPurpose::augmentation), from, to);
}

Bytes changed(const PictureChange& change, const Bytes& picture, int from, int to) {
  Bytes out(static_cast<std::size_t>(to * to) * 3);
  change_picture(change, picture, from, out, to);
  return out;
}

struct Case {
  const char* name;
  std::int64_t target;
};

class ChangePicture : public TargetTest<Case> {};

TEST_P(ChangePicture, WithoutAugmentationIsThePicture) {
  for (const int side : {1, 2, 16, 33, 128}) {
    const Bytes picture = noise(side, 1);
    EXPECT_EQ(changed(change_of({}, 0, side, side), picture, side, side), picture) << side;
  }
}

TEST_P(ChangePicture, TheMirrorImageIsExact) {
  constexpr int side = 50;
  const Bytes picture = noise(side, 2);
  const Bytes mirrored = changed(change_of({.mirror = 1}, 0, side, side), picture, side, side);
  for (int y = 0; y < side; ++y) {
    for (int x = 0; x < side; ++x) {
      for (int c = 0; c < 3; ++c) {
        ASSERT_EQ(mirrored[static_cast<std::size_t>((y * side + x) * 3 + c)],
                  picture[static_cast<std::size_t>((y * side + side - 1 - x) * 3 + c)]);
      }
    }
  }
}

TEST_P(ChangePicture, WhatLiesOutsideIsTheReflection) {
  constexpr int side = 8;
  const Bytes picture = noise(side, 3);
  PictureChange change = change_of({}, 0, side, side);
  change.x0 = -3 * 65536;
  change.y0 = 2 * 65536;
  const Bytes moved = changed(change, picture, side, side);
  constexpr std::array column = {2, 1, 0, 0, 1, 2, 3, 4};
  constexpr std::array row = {2, 3, 4, 5, 6, 7, 7, 6};
  for (std::size_t y = 0; y < side; ++y) {
    for (std::size_t x = 0; x < side; ++x) {
      ASSERT_EQ(moved[(y * side + x) * 3], picture[static_cast<std::size_t>(row[y] * side + column[x]) * 3])
          << x << ", " << y;
    }
  }
}

TEST_P(ChangePicture, IsTheBilinearSampleOfTheAffineMap) {
  // Against the same in double. Positions are cut to 1/256 of a pixel, where the waves rise by at most 120 *
  // 0.07 a pixel and axis: 0.07 in all. Three roundings to bytes, of which the first two are made larger by
  // the colours.
  constexpr int from = 160, to = 128;
  const Bytes picture = waves(from);
  const auto pixel = [&](int x, int y, int c) {
    const auto reflected = [](int at) {
      return std::clamp(at < 0 ? -1 - at : at >= from ? 2 * from - 1 - at : at, 0, from - 1);
    };
    return static_cast<double>(
        picture[static_cast<std::size_t>((reflected(y) * from + reflected(x)) * 3 + c)]);
  };
  for (std::uint32_t i = 0; i < 20; ++i) {
    const PictureChange change = change_of(strong, i, from, to);
    const Bytes out = changed(change, picture, from, to);
    for (int y = 0; y < to; ++y) {
      for (int x = 0; x < to; ++x) {
        const std::uint8_t* seen = &out[static_cast<std::size_t>(y * to + x) * 3];
        if (x >= change.left && x < change.right && y >= change.top && y < change.bottom) {
          ASSERT_TRUE(std::ranges::equal(change.paint, std::span(seen, 3)));
          continue;
        }
        const double at_x = (change.x0 + double(x) * change.xx + double(y) * change.xy) / 65536;
        const double at_y = (change.y0 + double(x) * change.yx + double(y) * change.yy) / 65536;
        const int left = static_cast<int>(std::floor(at_x)), upper = static_cast<int>(std::floor(at_y));
        const double fx = at_x - left, fy = at_y - upper;
        std::array<double, 3> colour;
        for (int c = 0; c < 3; ++c) {
          colour[static_cast<std::size_t>(c)] =
              (1 - fy) * ((1 - fx) * pixel(left, upper, c) + fx * pixel(left + 1, upper, c)) +
              fy * ((1 - fx) * pixel(left, upper + 1, c) + fx * pixel(left + 1, upper + 1, c));
        }
        for (std::size_t c = 0; c < 3; ++c) {
          double value = change.offset / 4096.0, gain = 0;
          for (std::size_t k = 0; k < 3; ++k) {
            value += change.colours[3 * c + k] / 4096.0 * colour[k];
            gain += std::abs(change.colours[3 * c + k] / 4096.0);
          }
          ASSERT_NEAR(seen[c], std::clamp(value, 0.0, 255.0), 0.5 + gain * (1 + 0.07))
              << i << ": " << x << ", " << y;
        }
      }
    }
  }
}

TEST_P(ChangePicture, GivesTheSameBytesOnEveryProcessor) {
  Bytes bytes;
  for (const auto& [from, to] : {std::pair(160, 128), std::pair(47, 33), std::pair(20, 32)}) {
    const Bytes picture = noise(from, 4);
    for (std::uint32_t i = 0; i < 16; ++i) {
      const Bytes out = changed(change_of(strong, i, from, to), picture, from, to);
      bytes.insert(bytes.end(), out.begin(), out.end());
    }
  }
  EXPECT_EQ(test::crc32_of(bytes), test::read_golden("augment.tsv")[1][1]);
}

TEST_P(ChangePicture, RefusesBuffersOfAnotherSize) {
  const PictureChange change = change_of({}, 0, 16, 16);
  Bytes picture(16 * 16 * 3), small(16 * 16);
  EXPECT_THROW(change_picture(change, small, 16, picture, 16), Error);
  EXPECT_THROW(change_picture(change, picture, 16, small, 16), Error);
  PictureChange outside = change;
  outside.right = 17;
  outside.bottom = 1;
  Bytes result(16 * 16 * 3);
  EXPECT_THROW(change_picture(outside, picture, 16, result, 16), Error);
  outside.right = 16;
  outside.left = -1;
  EXPECT_THROW(change_picture(outside, picture, 16, result, 16), Error);
}

INSTANTIATE_TEST_SUITE_P(Targets, ChangePicture,
                         testing::Values(Case{"best", 0}, Case{"avx3", HWY_AVX3}, Case{"avx2", HWY_AVX2},
                                         Case{"sse4", HWY_SSE4}, Case{"ssse3", HWY_SSSE3}),
                         [](const auto& of) { return of.param.name; });

}  // namespace
}  // namespace bart
