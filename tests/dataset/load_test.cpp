#include "bart/dataset/load.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <ctime>
#include <fstream>
#include <thread>

#include "bart/pictures/encode_jpeg.h"
#include "bart/platform/error.h"
#include "scratch_folder.h"

namespace bart {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;
using testing::ThrowsMessage;

/// A binary PPM of one colour, as small as a picture gets.
std::string ppm(int width, int height, unsigned char value) {
  return "P6 " + std::to_string(width) + " " + std::to_string(height) + " 255\n" +
         std::string(static_cast<std::size_t>(width * height) * 3, static_cast<char>(value));
}

/// Grey of one value survives JPEG exactly: its only coefficient, 8 (value - 128), is a multiple of the
/// quantizer 8.
std::string jpeg(int width, int height, int value) {
  Picture picture{width, height, {}};
  picture.pixels.assign(static_cast<std::size_t>(width * height) * 3, static_cast<std::uint8_t>(value));
  const std::vector<std::uint8_t> file = encode_jpeg(picture);
  return {file.begin(), file.end()};
}

/// Two classes of `each` pictures of one colour, which tells them apart.
class LoadPictures : public testing::Test {
 protected:
  void draw(int each) {
    for (int label = 0; label < 2; ++label) {
      for (int i = 0; i < each; ++i) {
        scratch_.write(name(label, i), jpeg(10 + i, 9, 100 * label + i));
      }
    }
  }
  static std::string name(int label, int i) {
    return std::string(label == 0 ? "a" : "b") + "/" + (i < 10 ? "0" : "") + std::to_string(i) + ".jpg";
  }
  LoadedPictures load(LoadOptions options = {}) {
    options.image_size = 8;
    return load_pictures(list_folder(scratch_.path()), options);
  }
  /// Whether every picture kept is the one its file name and label say.
  static void expect_own_pixels(const LoadedPictures& loaded) {
    ASSERT_EQ(loaded.slots.size(), loaded.size());
    for (std::size_t i = 0; i < loaded.size(); ++i) {
      const int value = 100 * loaded.labels[i] + std::stoi(loaded.files[i].substr(2));
      EXPECT_EQ(std::count(loaded.picture(i), loaded.picture(i) + 8 * 8 * 3, value), 8 * 8 * 3)
          << loaded.files[i];
    }
  }

  test::ScratchFolder scratch_;
};

TEST_F(LoadPictures, AllPicturesAreLoadedInTheListingsOrder) {
  draw(30);
  for (const int threads : {1, 4}) {
    const LoadedPictures loaded = load({.threads = threads});
    EXPECT_EQ(loaded.size(), 60u);
    EXPECT_EQ(loaded.files.front(), "a/00.jpg");
    EXPECT_EQ(loaded.files.back(), "b/29.jpg");
    EXPECT_THAT(loaded.classes, ElementsAre("a", "b"));
    EXPECT_EQ(loaded.sizes.size(), 30u);
    EXPECT_EQ(*loaded.sizes.begin(), (std::pair{9, 10}));
    EXPECT_TRUE(loaded.skipped.empty());
    expect_own_pixels(loaded);
  }
}

TEST_F(LoadPictures, BadOnesAreSkippedWithTheirReasonAndTheOthersMoveUp) {
  draw(30);
  const std::uint64_t all_bytes = load().bytes_read;
  scratch_.write("a/03.jpg", "no picture at all");
  scratch_.write("b/29.jpg", jpeg(10, 10, 0).substr(0, 100));
  fs::remove(scratch_.path() / "b" / "10.jpg");
  fs::create_symlink("nowhere", scratch_.path() / "b" / "10.jpg");
  const LoadedPictures loaded = load({.threads = 3});
  EXPECT_EQ(loaded.size(), 57u);
  ASSERT_EQ(loaded.skipped.size(), 3u);
  EXPECT_EQ(loaded.skipped[0].file, "a/03.jpg");
  EXPECT_EQ(loaded.skipped[1].file, "b/10.jpg");
  EXPECT_THAT(loaded.skipped[1].reason, HasSubstr("No such file"));
  EXPECT_EQ(loaded.skipped[2].file, "b/29.jpg");
  for (const SkippedPicture& skipped : loaded.skipped) EXPECT_NE(skipped.reason, "");
  EXPECT_LT(loaded.bytes_read, all_bytes);
  expect_own_pixels(loaded);
}

TEST_F(LoadPictures, AFileThatVanishesAfterTheListingIsSkipped) {
  draw(30);
  const Listing listing = list_folder(scratch_.path());
  fs::remove(scratch_.path() / "a" / "05.jpg");
  const LoadedPictures loaded = load_pictures(listing, {.image_size = 8});
  ASSERT_EQ(loaded.skipped.size(), 1u);
  EXPECT_EQ(loaded.skipped[0].file, "a/05.jpg");
  expect_own_pixels(loaded);
}

TEST_F(LoadPictures, FilesThatChangeWhileTheyAreReadAreSkippedOrWhole) {
  draw(30);
  const Listing listing = list_folder(scratch_.path());
  const fs::path changing = scratch_.path() / name(0, 7);
  const std::string content = jpeg(10, 10, 0);
  std::atomic<bool> stop = false;
  std::jthread writer([&] {
    for (std::size_t i = 0; !stop; ++i) {
      std::ofstream(changing, std::ios::binary) << content.substr(0, i * 37 % (content.size() + 1));
      if (i % 5 == 0) fs::remove(changing);
    }
  });
  for (int i = 0; i < 50; ++i) {
    const LoadedPictures loaded = load_pictures(listing, {.image_size = 8, .threads = 2});
    EXPECT_EQ(loaded.size() + loaded.skipped.size(), 60u);
    for (const SkippedPicture& skipped : loaded.skipped) EXPECT_EQ(skipped.file, name(0, 7));
  }
  stop = true;
}

TEST_F(LoadPictures, MoreBadOnesThanTheShareStop) {
  draw(20);
  scratch_.write("a/01.jpg", "bad");
  scratch_.write("a/02.jpg", "bad");
  EXPECT_EQ(load().skipped.size(), 2u);  // 2 of 40 are 5 %, not more
  scratch_.write("b/03.jpg", "bad");
  EXPECT_THAT([&] { load(); }, ThrowsMessage<Error>(AllOf(HasSubstr("3 of 40"), HasSubstr("a/01.jpg"))));
  EXPECT_EQ(load({.max_skipped_share = 0.5}).skipped.size(), 3u);
}

TEST_F(LoadPictures, StrictStopsAtTheFirstBadOneOfTheListing) {
  draw(30);
  for (const char* file : {"a/17.jpg", "a/18.jpg", "a/29.jpg", "b/00.jpg"}) scratch_.write(file, "bad");
  for (const int threads : {1, 4}) {
    EXPECT_THAT([&] { load({.threads = threads, .strict = true}); },
                ThrowsMessage<Error>(HasSubstr("a/17.jpg: ")));
  }
}

TEST_F(LoadPictures, AClassWithNoneLeftIsNamed) {
  draw(30);
  scratch_.write("lonely/1.jpg", "bad");
  EXPECT_THAT([&] { load(); },
              ThrowsMessage<Error>(AllOf(HasSubstr("class lonely"), HasSubstr("lonely/1.jpg"))));
}

TEST_F(LoadPictures, AClassThatTheListingHasNoFileOfIsNoError) {
  draw(25);
  scratch_.write(name(0, 3), "no picture");
  Listing listing = list_folder(scratch_.path());
  listing.classes.push_back("c");
  const LoadedPictures loaded = load_pictures(listing, {.image_size = 8});
  EXPECT_EQ(loaded.size(), 49u);
  EXPECT_EQ(loaded.skipped.size(), 1u);
}

TEST_F(LoadPictures, ThoseNotRgbAreNamedWithTheirMode) {
  draw(2);
  const std::string grey = "P5 4 4 255\n" + std::string(16, '\x07');
  scratch_.write("a/grey.pgm", grey);
  scratch_.write("b/rgb.ppm", ppm(3, 5, 9));
  const LoadedPictures loaded = load();
  EXPECT_TRUE(loaded.skipped.empty());
  EXPECT_THAT(loaded.converted, ElementsAre(Pair("a/grey.pgm", "L")));
}

TEST_F(LoadPictures, ProgressCountsEveryPictureOnceOneCallAtATime) {
  draw(30);
  std::vector<std::size_t> calls;
  std::atomic<int> inside = 0;
  load_pictures(list_folder(scratch_.path()), {.image_size = 8, .threads = 4},
                [&](std::size_t done, std::size_t total) {
                  EXPECT_EQ(inside.fetch_add(1), 0);
                  EXPECT_EQ(total, 60u);
                  calls.push_back(done);
                  inside.fetch_sub(1);
                });
  ASSERT_EQ(calls.size(), 60u);
  for (std::size_t i = 0; i < calls.size(); ++i) EXPECT_EQ(calls[i], i + 1);
}

TEST_F(LoadPictures, ListingsAndOptionsThatAreImpossibleAreErrorsInWords) {
  draw(2);
  const Listing listing = list_folder(scratch_.path());
  for (const std::int32_t label : {-1, 2}) {
    Listing bad = listing;
    bad.pictures[1].label = label;
    EXPECT_THAT([&] { load_pictures(bad, {.image_size = 8}); },
                ThrowsMessage<Error>(HasSubstr("a/01.jpg has the label")));
  }
  EXPECT_THAT([&] { load({.threads = -1}); }, ThrowsMessage<Error>(HasSubstr("-1 threads")));
  EXPECT_THAT([&] { load({.max_skipped_share = std::nan("")}); }, ThrowsMessage<Error>(HasSubstr("share")));
  EXPECT_EQ(load_pictures({}, {.image_size = 8}).size(), 0u);
}

TEST_F(LoadPictures, FilesDatedBeforeAndAfterWhatNanosecondsCountAreReadAnew) {
  draw(2);
  const fs::path cache = scratch_.path() / ".cache";
  const auto date = [&](const char* file, std::time_t seconds) {
    const std::array times = {timespec{seconds, 5}, timespec{seconds, 5}};
    ASSERT_EQ(::utimensat(AT_FDCWD, (scratch_.path() / file).c_str(), times.data(), 0), 0);
  };
  date("a/00.jpg", 13'569'465'600);  // 2400
  date("a/01.jpg", 1'000'000'000);
  date("b/00.jpg", -10'000'000'000);  // 1653, which ext4 cannot hold and makes 1901
  date("b/01.jpg", 9'000'000'000);    // 2255
  struct stat status {};
  ASSERT_EQ(::stat((scratch_.path() / "a/00.jpg").c_str(), &status), 0);
  if (status.st_mtim.tv_sec != 13'569'465'600) GTEST_SKIP() << "the file system cannot hold the year 2400";
  expect_own_pixels(load({.cache = cache}));
  const LoadedPictures again = load({.cache = cache});
  expect_own_pixels(again);
  EXPECT_GE(again.from_cache, 2u);
  EXPECT_LE(again.from_cache, 3u);
  EXPECT_EQ(again.cache_trouble, "");
}

TEST_F(LoadPictures, AFolderForTemporaryFilesThatIsNotThereIsNotNeeded) {
  draw(2);
  ::setenv("TMPDIR", "/no/such/folder", 1);
  expect_own_pixels(load({.most_memory = 0}));
  expect_own_pixels(load({.most_memory = 0, .scratch = "/no/such/folder"}));
  ::unsetenv("TMPDIR");
}

TEST_F(LoadPictures, AnImpossibleAmountOfMemoryIsAnErrorInWords) {
  draw(2);
  Listing listing = list_folder(scratch_.path());
  EXPECT_THAT([&] { load_pictures(listing, {.image_size = 0}); },
              ThrowsMessage<Error>(HasSubstr("image size of 0")));
  EXPECT_THAT([&] { load_pictures(listing, {.image_size = 1 << 20}); },
              ThrowsMessage<Error>(HasSubstr("image size of 1048576")));
#if !defined(__SANITIZE_ADDRESS__)  // whose allocator ends the program
  listing.pictures.resize(1'000'000, listing.pictures[0]);
  EXPECT_THAT([&] { load_pictures(listing, {.image_size = 1 << 14}); },
              ThrowsMessage<Error>(AllOf(HasSubstr("1000000 pictures"), HasSubstr("memory"))));
#endif
}

}  // namespace
}  // namespace bart
