#include <gmock/gmock.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "bart/sample/sample.h"

namespace bart {
namespace {

/// FNV-1a over the size and the pixels.
std::uint64_t digest(const Picture& picture) {
  std::uint64_t hash = 0xCBF29CE484222325;
  const auto add = [&](std::uint8_t byte) { hash = (hash ^ byte) * 0x100000001B3; };
  for (const int side : {picture.width, picture.height}) {
    add(static_cast<std::uint8_t>(side & 255)), add(static_cast<std::uint8_t>(side >> 8));
  }
  for (const std::uint8_t byte : picture.pixels) add(byte);
  return hash;
}

int characters() {
  return static_cast<int>(sample_characters().size());
}

// The digests were taken from this program's own pictures after these had been looked at. They check that
// other compilers and processors draw the same.
TEST(DrawFace, DrawsTheSamePixelsOnEveryMachine) {
  EXPECT_EQ(digest(draw_face(0, 10)), 7648706014208222003u);
  EXPECT_EQ(digest(draw_face(4, 1)), 9681893269860126784u);
  EXPECT_EQ(digest(draw_face(7, 123456789)), 14304740674503542999u);
  EXPECT_EQ(digest(draw_face(8, 0xFFFFFFFFFFFFFFFF)), 12691020141404508514u);
  EXPECT_EQ(digest(draw_face(9, 6)), 369836005837500286u);
}

TEST(DrawFace, DrawsEveryCharacterDifferently) {
  std::set<std::uint64_t> digests;
  for (int character = 0; character < characters(); ++character)
    digests.insert(digest(draw_face(character, 3)));
  EXPECT_EQ(digests.size(), sample_characters().size());
}

TEST(DrawFace, VariesWithTheSeedInSizeAndPixels) {
  std::set<std::uint64_t> digests;
  std::set<std::pair<int, int>> sizes;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const Picture picture = draw_face(2, seed);
    digests.insert(digest(picture));
    sizes.insert({picture.width, picture.height});
  }
  EXPECT_EQ(digests.size(), 20u);
  EXPECT_GT(sizes.size(), 10u);
}

TEST(DrawFace, IsNeverUnder256PixelsOnASide) {
  for (int character = 0; character < characters(); ++character) {
    for (std::uint64_t seed = 0; seed < 6; ++seed) {
      const Picture picture = draw_face(character, seed);
      EXPECT_GE(picture.width, 256);
      EXPECT_GE(picture.height, 256);
      EXPECT_EQ(picture.pixels.size(), static_cast<std::size_t>(picture.width * picture.height * 3));
    }
  }
}

// The surroundings of a character depend only on the seed, so they cannot give the class away.
TEST(DrawFace, GivesEveryCharacterTheSameBackgroundForASeed) {
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    const Picture first = draw_face(0, seed);
    for (int character = 1; character < characters(); ++character) {
      const Picture other = draw_face(character, seed);
      ASSERT_EQ(first.width, other.width);
      ASSERT_EQ(first.height, other.height);
      const std::size_t corner = static_cast<std::size_t>(first.width - 1) * 3;
      EXPECT_TRUE(std::equal(first.pixels.begin(), first.pixels.begin() + 3, other.pixels.begin()) ||
                  std::equal(first.pixels.begin() + static_cast<std::ptrdiff_t>(corner),
                             first.pixels.begin() + static_cast<std::ptrdiff_t>(corner) + 3,
                             other.pixels.begin() + static_cast<std::ptrdiff_t>(corner)));
    }
  }
}

TEST(SampleCharacters, AreTenFolderNamesInSortedOrder) {
  const std::vector<std::string>& names = sample_characters();
  EXPECT_EQ(names.size(), 10u);
  EXPECT_EQ(std::set<std::string>(names.begin(), names.end()).size(), names.size());
  EXPECT_TRUE(std::is_sorted(names.begin(), names.end()));
  EXPECT_THAT(names, testing::Each(testing::MatchesRegex("[a-z]+_[a-z]+")));
}

}  // namespace
}  // namespace bart
