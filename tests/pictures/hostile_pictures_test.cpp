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

TEST(HostilePictures, AStripThatIsStatedAHundredThousandTimesIsReadOnce) {
  constexpr std::uint32_t side = 2048, strips = 200'000;
  test::FileBytes file;
  const auto append = [&](std::uint32_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) file.push_back(std::uint8_t(value >> 8 * i));
  };
  const auto entry = [&](std::uint32_t tag, std::uint32_t count, std::uint32_t value) {
    append(tag, 2);
    append(4, 2);  // LONG
    append(count, 4);
    append(value, 4);
  };
  append(0x002a4949, 4);  // little-endian TIFF
  append(8, 4);
  append(5, 2);
  entry(256, 1, side);
  entry(257, 1, side);
  entry(262, 1, 1);        // gray, of 1 bit where nothing else is said
  entry(273, strips, 74);  // the offsets, two places by turns
  entry(278, 1, side - 1);
  append(0, 4);
  for (std::uint32_t i = 0; i < strips; ++i) append(74 + 4 * strips, 4);
  file.resize(file.size() + side * side / 8, 0xff);
  // To decode each would take many minutes.
  const Picture picture = decode_picture(file).picture;
  EXPECT_EQ(picture.pixels, std::vector<std::uint8_t>(std::size_t(side) * side * 3, 255));
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
