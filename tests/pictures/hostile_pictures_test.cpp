#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "bart/pictures/decode.h"
#include "picture_files.h"

// Damaged files must end in a picture or a PictureError, nothing else. What a crash or an overrun would be is
// for the sanitizers to say: this test earns its keep in a build with them.
namespace bart {
namespace {

using Generator = std::mt19937;

// Flips, sets, cuts, doubles and splices bytes.
test::FileBytes mutated(test::FileBytes file, const test::FileBytes& other, Generator& generator) {
  const auto below = [&](std::size_t n) { return n ? generator() % n : 0; };
  const std::size_t changes = 1 + below(4);
  for (std::size_t i = 0; i < changes && !file.empty(); ++i) {
    // Headers are small and matter most: every other change is made near the start.
    const std::size_t at = below(2) ? below(std::min<std::size_t>(file.size(), 200)) : below(file.size());
    const auto where = file.begin() + std::ptrdiff_t(at);
    switch (below(6)) {
      case 0:
        *where = std::uint8_t(*where ^ 1u << below(8));
        break;
      case 1:
        *where = std::uint8_t(generator());
        break;
      case 2:
        for (auto p = where; p != file.end() && p < where + 4; ++p) *p = below(2) ? 0xFF : 0;
        break;
      case 3:
        file.resize(at);
        break;
      case 4: {
        const test::FileBytes part(
            where, where + std::ptrdiff_t(below(std::min<std::size_t>(64, file.size() - at))));
        file.insert(where, part.begin(), part.end());
        break;
      }
      default: {
        const std::size_t from = below(other.size());
        const std::size_t count =
            std::min({other.size() - from, file.size() - at, std::size_t(1) + below(64)});
        std::copy_n(other.begin() + std::ptrdiff_t(from), count, where);
      }
    }
  }
  return file;
}

// Decodes `rounds` mutations of each file. Those that state a large picture are left out: they take long and
// exercise nothing that the small ones do not.
void decode_mutations(const std::vector<std::filesystem::path>& paths, int rounds) {
  Generator generator(10);
  std::vector<test::FileBytes> files;
  for (const auto& path : paths) files.push_back(test::bytes_of(path));
  int pictures = 0, refused = 0;
  for (std::size_t i = 0; i < files.size(); ++i) {
    for (int round = 0; round < rounds; ++round) {
      const test::FileBytes file = mutated(files[i], files[generator() % files.size()], generator);
      try {
        const DecodedPicture decoded = decode_picture(file);
        ASSERT_EQ(decoded.picture.pixels.size(),
                  std::size_t(decoded.width) * std::size_t(decoded.height) * 3);
        ++pictures;
      } catch (const PictureError& e) {
        ASSERT_STRNE(e.what(), "");
        ++refused;
      }
    }
  }
  EXPECT_GT(pictures, 0);
  EXPECT_GT(refused, 0);
}

TEST(HostilePictures, MutationsOfSmallPicturesEndInAPictureOrAReason) {
  decode_mutations(test::files_in(test::small_pictures), 40);
}

TEST(HostilePictures, MutationsOfOddPicturesEndInAPictureOrAReason) {
  if (!std::filesystem::exists(test::odd_pictures)) GTEST_SKIP() << "no " << test::odd_pictures;
  std::vector<std::filesystem::path> paths = test::files_in(test::odd_pictures);
  std::erase_if(paths, [](const auto& path) { return std::filesystem::file_size(path) > 20'000; });
  decode_mutations(paths, 10);
}

TEST(HostilePictures, EveryCutOfASmallPictureEndsInAPictureOrAReason) {
  for (const auto& path : test::files_in(test::small_pictures)) {
    const test::FileBytes file = test::bytes_of(path);
    for (std::size_t size = 0; size < file.size(); size += 1 + size / 40) {
      // A copy of exactly this size, so that a sanitizer sees a read behind it.
      const test::FileBytes cut(file.begin(), file.begin() + std::ptrdiff_t(size));
      try {
        decode_picture(cut);
      } catch (const PictureError&) {
      }
    }
  }
}

}  // namespace
}  // namespace bart
