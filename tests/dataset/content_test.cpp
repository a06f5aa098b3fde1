#include "bart/dataset/content.h"

#include <gmock/gmock.h>

#include "bart/dataset/check_pixels.h"
#include "bart/dataset/near_duplicates.h"
#include "bart/platform/error.h"
#include "scratch_folder.h"

namespace bart {
namespace {

namespace fs = std::filesystem;
using testing::Each;
using testing::ElementsAre;

std::string deep_pgm(char high, char low) {
  std::string file = "P5 8 8 65535\n";
  for (int i = 0; i < 64; ++i) file += {high, low};
  return file;
}

std::string ppm(unsigned char value) {
  return "P6 8 8 255\n" + std::string(8 * 8 * 3, static_cast<char>(value));
}

LoadedPictures load(const fs::path& folder) {
  return load_pictures(list_folder(folder), {.image_size = 8});
}

TEST(MatchByContent, PicturesAreKnownWhereverTheyLie) {
  const test::ScratchFolder scratch;
  for (const char* file : {"D/a/1.ppm", "D/a/2.ppm", "D/b/3.ppm"})
    scratch.write(file, ppm(file[4] == '1' ? 9 : file[4]));
  const std::vector<std::uint64_t> recorded = load(scratch.path() / "D").hashes;
  fs::rename(scratch.path() / "D", scratch.path() / "D2");
  fs::rename(scratch.path() / "D2" / "b", scratch.path() / "D2" / "0");
  scratch.write("D2/a/new.ppm", ppm(200));
  const LoadedPictures moved = load(scratch.path() / "D2");
  EXPECT_THAT(moved.files, ElementsAre("0/3.ppm", "a/1.ppm", "a/2.ppm", "a/new.ppm"));
  EXPECT_THAT(match_by_content(moved.hashes, recorded), ElementsAre(true, true, true, false));
  EXPECT_THAT(match_by_content(moved.hashes, {}), Each(false));
}

TEST(ClippedGray, NamesThoseOfWhichNothingIsLeft) {
  const test::ScratchFolder scratch;
  scratch.write("a/bright.pgm", deep_pgm(0x40, 0));  // 16,384 of 65,535 is more than 255
  scratch.write("a/dark.pgm", deep_pgm(0, 100));
  scratch.write("b/gray.pgm", "P5 8 8 255\n" + std::string(64, '\xFF'));
  scratch.write("b/white.ppm", ppm(255));
  EXPECT_THAT(clipped_gray(load(scratch.path())), ElementsAre("a/bright.pgm"));
}

TEST(ClippedGray, PicturesWithoutPixelsAreRefused) {
  EXPECT_FALSE(is_clipped_gray("I;16", {}));
  const test::ScratchFolder scratch;
  scratch.write("a/1.ppm", ppm(255));
  scratch.write("b/1.ppm", ppm(0));
  LoadedPictures pictures = load(scratch.path());
  EXPECT_NO_THROW(check_pixels(pictures));
  pictures.converted = {{"c/1.ppm", "I;16"}};
  EXPECT_THROW(clipped_gray(pictures), Error);
  pictures.slots[0] = 99;
  EXPECT_THROW(check_pixels(pictures), Error);
  EXPECT_THROW(clipped_gray(pictures), Error);
  EXPECT_THROW(signatures_of(pictures, 1), Error);
}

}  // namespace
}  // namespace bart
