#include "bart/random/philox.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

namespace bart {
namespace {

TEST(Philox, GivesTheKnownAnswersOfRandom123) {
  // kat_vectors of Random123 1.14, philox4x32 10.
  using Words = std::array<std::uint32_t, 4>;
  EXPECT_EQ(philox({0, 0, 0, 0}, {0, 0}), (Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(philox({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff}),
            (Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(PictureRandom, EveryPartOfTheKeyGivesOtherNumbers) {
  std::set<std::uint32_t> words;
  const auto draw = [&](std::uint32_t seed, std::uint32_t epoch, std::uint32_t picture,
                        RandomPurpose purpose) {
    PictureRandom random(seed, epoch, picture, purpose);
    for (int i = 0; i < 9; ++i) words.insert(random.next());
  };
  draw(1, 2, 3, RandomPurpose::augmentation);
  draw(2, 2, 3, RandomPurpose::augmentation);
  draw(1, 3, 3, RandomPurpose::augmentation);
  draw(1, 2, 4, RandomPurpose::augmentation);
  draw(1, 2, 3, RandomPurpose::partner);
  EXPECT_EQ(words.size(), 5u * 9u);
}

TEST(PictureRandom, BetweenStaysInItsRangeAndFillsIt) {
  double least = 1, most = -1, sum = 0;
  for (std::uint32_t picture = 0; picture < 10000; ++picture) {
    const double value = PictureRandom(10, 1, picture, RandomPurpose::augmentation).between(-0.5, 0.25);
    ASSERT_GE(value, -0.5);
    ASSERT_LT(value, 0.25);
    least = std::min(least, value);
    most = std::max(most, value);
    sum += value;
  }
  EXPECT_LT(least, -0.499);
  EXPECT_GT(most, 0.249);
  // The mean of n uniform numbers has the deviation width / sqrt(12 n): six of them.
  EXPECT_NEAR(sum / 10000, -0.125, 6 * 0.75 / std::sqrt(12.0 * 10000));
}

}  // namespace
}  // namespace bart
