// load_pictures() with a cache always gives the same as without one.
#include <gmock/gmock.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <fstream>
#include <latch>
#include <random>
#include <thread>

#include "bart/dataset/load.h"
#include "bart/pictures/encode_jpeg.h"
#include "bart/platform/error.h"
#include "bart/platform/files.h"
#include "bart/platform/folder_lock.h"
#include "bart/platform/hash.h"
#include "same_pictures.h"
#include "scratch_folder.h"

namespace bart {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::ThrowsMessage;

std::string noise_jpeg(unsigned seed) {
  Picture picture{12, 9, std::vector<std::uint8_t>(12 * 9 * 3)};
  std::mt19937 generator(seed);
  for (std::uint8_t& byte : picture.pixels) byte = static_cast<std::uint8_t>(generator());
  const std::vector<std::uint8_t> file = encode_jpeg(picture);
  return {file.begin(), file.end()};
}

class PictureCacheTest : public testing::Test {
 protected:
  void SetUp() override {
    for (unsigned i = 0; i < 40; ++i) write(i, noise_jpeg(i));
    write_old("data/a/grey.pgm", "P5 4 4 255\n" + std::string(16, '\x07'));
  }
  static std::string name(unsigned i) {
    return std::string(i % 2 == 0 ? "a/" : "b/") + std::to_string(10 + i) + ".jpg";
  }
  void write(unsigned i, const std::string& content) { write_old("data/" + name(i), content); }
  /// Written long enough ago for its time to tell it from what is written next.
  void write_old(const std::string& file, const std::string& content) {
    scratch_.write(file, content);
    age_ -= std::chrono::seconds(10);
    fs::last_write_time(scratch_.path() / file, age_);
  }

  LoadedPictures load(LoadOptions options = {}) {
    options.image_size = 8;
    options.threads = 2;
    options.max_skipped_share = 0.5;
    options.cache = cache_;
    return load_pictures(list_folder(data_), options);
  }
  /// Loads with the cache and without it, which must give the same. Returns how many pictures were decoded.
  std::size_t decoded(const std::string& trouble = "", const LoadOptions& options = {}) {
    const LoadedPictures cached = load(options);
    expect_as_without(cached, options);
    EXPECT_THAT(cached.cache_trouble, HasSubstr(trouble));
    EXPECT_EQ(cached.cache_trouble.empty(), trouble.empty()) << cached.cache_trouble;
    return cached.size() + cached.skipped.size() - cached.from_cache;
  }
  void expect_as_without(const LoadedPictures& cached, LoadOptions options = {}) {
    options.image_size = 8;
    options.max_skipped_share = 0.5;
    const LoadedPictures plain = load_pictures(list_folder(data_), options);
    test::expect_same_pictures(cached, plain);
  }
  fs::path cached_file(const char* name) const {
    std::vector<fs::path> folders;
    for (const auto& entry : fs::directory_iterator(cache_)) folders.push_back(entry.path());
    EXPECT_EQ(folders.size(), 1u);
    return folders.at(0) / name;
  }

  test::ScratchFolder scratch_;
  fs::path data_ = scratch_.path() / "data", cache_ = scratch_.path() / "cache";
  fs::file_time_type age_ = fs::file_time_type::clock::now() - std::chrono::hours(1);
};

TEST_F(PictureCacheTest, TheSecondRunDecodesNothing) {
  EXPECT_EQ(decoded(), 41u);
  EXPECT_EQ(decoded(), 0u);
}

TEST_F(PictureCacheTest, HashesAreThoseOfThePixels) {
  const LoadedPictures pictures = load();
  for (std::size_t i = 0; i < pictures.size(); ++i) {
    EXPECT_EQ(pictures.hashes[i], hash_of({pictures.picture(i), pictures.bytes_each()}));
  }
}

TEST_F(PictureCacheTest, OnlyWhatHasChangedIsDecoded) {
  decoded();
  write(3, noise_jpeg(100));  // another time, perhaps another size
  EXPECT_EQ(decoded(), 1u);
  const std::string longer = noise_jpeg(5) + "and more";  // which no decoder minds
  const auto time = fs::last_write_time(data_ / name(5));
  write(5, longer);
  fs::last_write_time(data_ / name(5), time);
  EXPECT_EQ(decoded(), 1u);
  write(41, noise_jpeg(41));
  write(42, noise_jpeg(42));
  EXPECT_EQ(decoded(), 2u);
  fs::remove(data_ / name(7));
  EXPECT_EQ(decoded(), 0u);
  fs::rename(data_ / name(9), data_ / name(51));
  EXPECT_EQ(decoded(), 1u);
  EXPECT_EQ(decoded(), 0u);
}

TEST_F(PictureCacheTest, APictureOfTheSameSizeAndAnotherTimeIsDecoded) {
  decoded();
  std::string other = noise_jpeg(0);
  other[other.size() - 10] ^= 1;  // within the picture data
  write(0, other);
  EXPECT_EQ(decoded(), 1u);
}

TEST_F(PictureCacheTest, AFileThatHasJustBeenWrittenIsNotRemembered) {
  scratch_.write("data/a/young.jpg", noise_jpeg(77));
  decoded();
  EXPECT_EQ(decoded(), 1u);
}

TEST_F(PictureCacheTest, BrokenPicturesAreRememberedWithTheirReason) {
  write(1, "no picture");
  write(2, noise_jpeg(2).substr(0, 200));
  fs::create_symlink("nowhere", data_ / "b" / "nowhere.jpg");
  EXPECT_EQ(decoded(), 42u);
  EXPECT_EQ(decoded(), 1u);                                     // the link may lead somewhere tomorrow
  const std::string first = (data_ / name(2)).string() + ": ";  // class a comes before b
  EXPECT_THAT([&] { load({.strict = true}); }, ThrowsMessage<Error>(HasSubstr(first)));
  write(2, noise_jpeg(2));
  EXPECT_EQ(decoded(), 2u);
}

TEST_F(PictureCacheTest, AStrictRunThatStopsKeepsNoPictureItHasNotRead) {
  write(8, "no picture");
  EXPECT_THROW(load({.strict = true}), Error);
  write(8, noise_jpeg(8));
  decoded();
  EXPECT_EQ(decoded(), 0u);
}

TEST_F(PictureCacheTest, OtherSettingsAndFoldersHaveTheirOwn) {
  decoded();
  EXPECT_EQ(decoded("", {.apply_exif_orientation = false}), 41u);
  EXPECT_EQ(decoded(), 0u);
  EXPECT_EQ(decoded("", {.apply_exif_orientation = false}), 0u);
  fs::rename(data_, scratch_.path() / "moved");
  data_ = scratch_.path() / "moved";
  EXPECT_EQ(decoded(), 41u);
}

TEST_F(PictureCacheTest, APartOfTheListingLeavesTheOthersKnown) {
  decoded();
  Listing part = list_folder(data_);
  part.pictures.erase(part.pictures.begin() + 10, part.pictures.end());
  write(0, noise_jpeg(200));
  EXPECT_EQ(load_pictures(part, {.image_size = 8, .cache = cache_}).from_cache, 9u);
  EXPECT_EQ(decoded(), 0u);
}

TEST_F(PictureCacheTest, TornOrForeignFilesAreNotBelieved) {
  decoded();
  const std::vector<std::uint8_t> index = read_file(cached_file("index")),
                                  pixels = read_file(cached_file("pixels"));
  const auto tear = [&](const char* name, const std::vector<std::uint8_t>& content, std::size_t left) {
    std::ofstream(cached_file(name), std::ios::binary | std::ios::trunc)
        .write(reinterpret_cast<const char*>(content.data()), static_cast<std::streamsize>(left));
  };
  for (const std::size_t left : {index.size() - 1, index.size() / 2, std::size_t{20}, std::size_t{0}}) {
    tear("index", index, left);
    EXPECT_EQ(decoded("index is damaged"), 41u) << left;
    EXPECT_EQ(decoded(), 0u);
  }
  for (const std::size_t left : {pixels.size() - 1, std::size_t{0}}) {
    tear("pixels", pixels, left);
    EXPECT_EQ(decoded("pixels is damaged"), 41u) << left;
    EXPECT_EQ(decoded(), 0u);
  }
  std::vector<std::uint8_t> other = read_file(cached_file("pixels"));
  other[5 * 8 * 8 * 3 + 1] ^= 1;
  tear("pixels", other, other.size());
  EXPECT_EQ(decoded("1 picture in it is not what was written"), 1u);
  EXPECT_EQ(decoded(), 0u);
  fs::remove(cached_file("pixels"));
  EXPECT_EQ(decoded("cannot open"), 41u);
  fs::remove(cached_file("index"));
  EXPECT_EQ(decoded(), 41u);
  EXPECT_EQ(decoded(), 0u);
}

TEST_F(PictureCacheTest, AnIndexWithAnyByteChangedIsNotBelieved) {
  decoded();
  const fs::path file = cached_file("index");
  const std::vector<std::uint8_t> good = read_file(file);
  for (std::size_t at = 0; at < good.size(); at += good.size() / 30) {
    std::vector<std::uint8_t> bad = good;
    bad[at] ^= 0x40;
    write_file(file, bad);
    EXPECT_EQ(decoded("index is damaged"), 41u) << at;
  }
}

TEST_F(PictureCacheTest, OtherKindsOfFilesInItsPlaceAreNoHarm) {
  scratch_.write("cache", "a file");
  EXPECT_EQ(decoded("cannot create"), 41u);
  fs::remove(cache_);
  decoded();
  fs::remove(cached_file("pixels"));
  fs::create_directory(cached_file("pixels"));
  const LoadedPictures pictures = load();
  expect_as_without(pictures);
  EXPECT_FALSE(pictures.cache_trouble.empty());
}

TEST_F(PictureCacheTest, WhileAnotherProcessFillsItThePicturesAreReadWithoutIt) {
  decoded();
  write(3, noise_jpeg(100));
  {
    const FolderLock held(cached_file("lock").parent_path());
    EXPECT_EQ(decoded("is in use by the process"), 1u);
  }
  EXPECT_EQ(decoded(), 1u);
  EXPECT_EQ(decoded(), 0u);
  const FolderLock held(cached_file("lock").parent_path());
  EXPECT_EQ(decoded(), 0u);  // who only reads minds nobody
}

TEST_F(PictureCacheTest, PicturesInUseStayAsTheyAreWhileOthersChangeTheCache) {
  decoded();
  const LoadedPictures before = load();
  const std::vector<std::uint64_t> hashes = before.hashes;
  const auto expect_unchanged = [&] {
    for (std::size_t i = 0; i < before.size(); ++i) {
      EXPECT_EQ(hash_of({before.picture(i), before.bytes_each()}), hashes[i]);
    }
  };
  for (unsigned round = 0; round < 4; ++round) {  // the fourth begins anew: over half of the slots are unused
    for (unsigned i = 0; i < 20; ++i) write(i, noise_jpeg(1000 * round + 300 + i));
    decoded();
    expect_unchanged();
  }
  EXPECT_LT(fs::file_size(cached_file("pixels")), 5 * 41 * 8 * 8 * 3u);
  fs::remove_all(cache_);
  expect_unchanged();
}

TEST_F(PictureCacheTest, ManyAtOnceAllGetTheirPictures) {
  std::latch start(4);
  std::vector<LoadedPictures> loaded(4);
  {
    std::vector<std::jthread> threads;
    for (LoadedPictures& pictures : loaded) {
      threads.emplace_back([&] {
        start.arrive_and_wait();
        pictures = load();
      });
    }
  }
  for (const LoadedPictures& pictures : loaded) expect_as_without(pictures);
  EXPECT_EQ(decoded(), 0u);
}

/// Limits the size of files, which has the effect of a full disk on a write.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit before_{};
  void (*handler_)(int);
};

TEST_F(PictureCacheTest, AFullDiskIsSaidAndThePicturesAreReadWithoutIt) {
  {
    const FileSizeLimit full(1000);  // before the pixels
    EXPECT_EQ(decoded("cannot write"), 41u);
    EXPECT_FALSE(fs::exists(cached_file("pixels.new")));
  }
  decoded();
  write(3, noise_jpeg(100));
  {
    const FileSizeLimit full(fs::file_size(cached_file("pixels")));
    EXPECT_EQ(decoded("cannot write"), 1u);
  }
  EXPECT_EQ(decoded(), 1u);  // the others are as they were
}

TEST_F(PictureCacheTest, ADiskThatIsFullForTheIndexLeavesTheOldOne) {
  fs::remove_all(data_ / "b");
  write_old("data/b/one.jpg", noise_jpeg(1));
  // Slots of 192 bytes: the index is larger than the pixels.
  const std::size_t pixels = 22 * 8 * 8 * 3;
  for (const auto& entry : fs::directory_iterator(data_ / "a")) {
    fs::rename(entry.path(), entry.path().string() + std::string(200, 'x'));
  }
  {
    const FileSizeLimit full(pixels);
    EXPECT_EQ(decoded("index"), 22u);
  }
  EXPECT_EQ(decoded(), 22u);
  EXPECT_EQ(decoded(), 0u);
}

TEST_F(PictureCacheTest, MoreThanTheMemoryAllowedLiesInAFileWithoutAName) {
  const LoadedPictures pictures =
      load_pictures(list_folder(data_), {.image_size = 8, .most_memory = 1000, .scratch = scratch_.path()});
  EXPECT_TRUE(pictures.pixels.is_file());
  EXPECT_FALSE(load_pictures(list_folder(data_), {.image_size = 8}).pixels.is_file());
  expect_as_without(pictures);
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(scratch_.path())) names.push_back(entry.path().filename());
  EXPECT_THAT(names, testing::ElementsAre("data"));
}

}  // namespace
}  // namespace bart
