#include "bart/dataset/near_duplicates.h"

#include <gmock/gmock.h>

#include <bit>
#include <numeric>

#include "bart/pictures/decode.h"
#include "bart/pictures/encode_jpeg.h"
#include "bart/random/mt19937.h"
#include "drawn_pictures.h"

namespace bart {
namespace {

using test::drawn_scene;

Picture plain(std::uint8_t red, std::uint8_t green, std::uint8_t blue) {
  Picture picture{40, 30, {}};
  for (int i = 0; i < 40 * 30; ++i) picture.pixels.insert(picture.pixels.end(), {red, green, blue});
  return picture;
}

TEST(NearDuplicates, ReencodedScaledBrightenedAndCroppedPicturesAreFound) {
  for (std::uint32_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    const PictureSignature original = picture_signature(drawn_scene(seed));
    EXPECT_TRUE(near_duplicates(
        original, picture_signature(decode_picture(encode_jpeg(drawn_scene(seed), 30)).picture)));
    EXPECT_TRUE(near_duplicates(original, picture_signature(drawn_scene(seed, 200, 150))));
    EXPECT_TRUE(near_duplicates(original, picture_signature(drawn_scene(seed, 320, 240, 30))));
    EXPECT_TRUE(near_duplicates(original, picture_signature(drawn_scene(seed, 320, 240, 0, 1.03))));
  }
}

TEST(NearDuplicates, DifferentScenesAreNotJoined) {
  std::vector<PictureSignature> signatures;
  for (std::uint32_t seed = 0; seed < 300; ++seed) {
    signatures.push_back(picture_signature(drawn_scene(seed, 128, 128)));
  }
  std::vector<std::uint32_t> alone(signatures.size());
  std::iota(alone.begin(), alone.end(), 0u);
  EXPECT_EQ(near_duplicate_groups(signatures), alone);
}

TEST(NearDuplicates, TheSameShapesInOtherColoursAreNone) {
  const Picture picture = drawn_scene(3);
  Picture turned = picture;  // red, green and blue become blue, red and green
  for (std::size_t i = 0; i < picture.pixels.size(); i += 3) {
    for (std::size_t c = 0; c < 3; ++c) turned.pixels[i + c] = picture.pixels[i + (c + 2) % 3];
  }
  EXPECT_LT(correlation(picture_signature(picture), picture_signature(turned)), near_duplicate_correlation);
}

TEST(NearDuplicates, PlainPicturesAreToldApartByTheirColour) {
  const PictureSignature red = picture_signature(plain(200, 10, 10));
  EXPECT_TRUE(near_duplicates(red, picture_signature(plain(202, 9, 11))));
  EXPECT_FALSE(near_duplicates(red, picture_signature(plain(10, 200, 10))));
  EXPECT_FALSE(near_duplicates(red, picture_signature(drawn_scene(1))));
}

TEST(NearDuplicates, CorrelationIsPearsons) {
  const PictureSignature a = picture_signature(drawn_scene(5)), b = picture_signature(drawn_scene(6));
  double covariance = 0, variance_a = 0, variance_b = 0;
  for (std::size_t c = 0; c < 3; ++c) {
    double mean_a = 0, mean_b = 0;
    for (std::size_t i = c; i < 768; i += 3)
      mean_a += a.thumbnail[i] / 256.0, mean_b += b.thumbnail[i] / 256.0;
    for (std::size_t i = c; i < 768; i += 3) {
      covariance += (a.thumbnail[i] - mean_a) * (b.thumbnail[i] - mean_b);
      variance_a += (a.thumbnail[i] - mean_a) * (a.thumbnail[i] - mean_a);
      variance_b += (b.thumbnail[i] - mean_b) * (b.thumbnail[i] - mean_b);
    }
  }
  // 768 sums of doubles below 2^16 each: 1e-12 is far above their rounding.
  EXPECT_NEAR(correlation(a, b), covariance / std::sqrt(variance_a * variance_b), 1e-12);
}

/// Union-find over all pairs, for comparison.
std::vector<std::uint32_t> groups_by_all_pairs(const std::vector<PictureSignature>& signatures) {
  std::vector<std::uint32_t> group(signatures.size());
  std::iota(group.begin(), group.end(), 0u);
  for (std::size_t i = 0; i < signatures.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (!near_duplicates(signatures[i], signatures[j])) continue;
      const std::uint32_t low = std::min(group[i], group[j]), high = std::max(group[i], group[j]);
      std::ranges::replace(group, high, low);
    }
  }
  return group;
}

TEST(NearDuplicates, MultiIndexHashingFindsWhatAllPairsFind) {
  // One thumbnail for all, so that the hash alone decides; hashes 0 to 14 bits from a few centres, where
  // every way to share the bits out to the quarters occurs.
  Mt19937 generator(10);
  std::vector<PictureSignature> signatures;
  const PictureSignature base = picture_signature(drawn_scene(1));
  for (int centre = 0; centre < 12; ++centre) {
    const std::uint64_t hash = std::uint64_t{generator.next()} << 32 | generator.next();
    for (int k = 0; k < 40; ++k) {
      PictureSignature signature = base;
      signature.hash = hash;
      for (std::uint32_t bit = generator.next() % 15; bit > 0; --bit) {
        signature.hash ^= std::uint64_t{1} << (generator.next() % 64);
      }
      signatures.push_back(signature);
    }
  }
  // Pairs at the threshold itself, and one bit above it.
  for (const int bits : {10, 11}) {
    PictureSignature first = base, second = base;
    first.hash = 0x123456789ABCDEFull * static_cast<std::uint64_t>(bits);
    second.hash = first.hash;
    for (int bit = 0; bit < bits; ++bit) second.hash ^= std::uint64_t{1} << (bit * 6);
    signatures.push_back(first);
    signatures.push_back(second);
  }
  const std::vector<std::uint32_t> groups = near_duplicate_groups(signatures);
  EXPECT_EQ(groups, groups_by_all_pairs(signatures));
  const std::size_t n = signatures.size();
  EXPECT_EQ(groups[n - 3], groups[n - 4]);
  EXPECT_NE(groups[n - 1], groups[n - 2]);
}

TEST(NearDuplicates, ManyEqualPicturesAreOneGroup) {
  const std::vector<PictureSignature> signatures(100'000, picture_signature(plain(0, 0, 0)));
  EXPECT_THAT(near_duplicate_groups(signatures), testing::Each(0u));
}

TEST(NearDuplicates, NoPicturesAreNoGroups) {
  EXPECT_THAT(near_duplicate_groups({}), testing::IsEmpty());
}

}  // namespace
}  // namespace bart
