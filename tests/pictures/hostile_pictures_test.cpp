#include <gtest/gtest.h>

#include "bart/pictures/decode.h"
#include "pictures/mutated.h"
#include "pictures/picture_files.h"

// Damaged files must end in a picture or a PictureError, nothing else. What a crash or an overrun would be is
// for the sanitizers to say: this test earns its keep in a build with them.
namespace bart {
namespace {

// Decodes `rounds` mutations of each file. Those that state a large picture are left out: they take long and
// exercise nothing that the small ones do not.
void decode_mutations(const std::vector<std::filesystem::path>& paths, int rounds) {
  std::mt19937 generator(10);
  std::vector<test::FileBytes> files;
  for (const auto& path : paths) files.push_back(test::bytes_of(path));
  int pictures = 0, refused = 0;
  for (std::size_t i = 0; i < files.size(); ++i) {
    for (int round = 0; round < rounds; ++round) {
      const test::FileBytes file = test::mutated(files[i], files[generator() % files.size()], generator);
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
