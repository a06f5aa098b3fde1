// Processes of one computer, played by threads, that read a listing together.
#include <gmock/gmock.h>

#include <filesystem>
#include <string>
#include <vector>

#include "bart/dataset/load.h"
#include "bart/pictures/encode_jpeg.h"
#include "bart/platform/error.h"
#include "same_pictures.h"
#include "scratch_folder.h"
#include "thread_group.h"

namespace bart {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class SharedReading : public testing::Test {
 protected:
  void SetUp() override {
    for (int i = 0; i < 21; ++i) {
      Picture picture{12, 9, std::vector<std::uint8_t>(12 * 9 * 3, static_cast<std::uint8_t>(10 * i))};
      const std::vector<std::uint8_t> file = encode_jpeg(picture);
      write("data/" + std::string(i % 2 == 0 ? "a" : "b") + "/" + std::to_string(10 + i) + ".jpg",
            {file.begin(), file.end()});
    }
    write("data/b/broken.jpg", "no picture");
    write("data/b/grey.pgm", "P5 4 4 255\n" + std::string(16, '\x07'));
  }
  /// Written long enough ago for a cache to keep it.
  void write(const std::string& file, const std::string& content) {
    scratch_.write(file, content);
    fs::last_write_time(scratch_.path() / file, fs::file_time_type::clock::now() - std::chrono::hours(1));
  }
  LoadOptions options() const {
    return {.image_size = 8, .threads = 2, .max_skipped_share = 0.5, .cache = cache_};
  }
  LoadedPictures alone() const { return load_pictures(list_folder(scratch_.path() / "data"), options()); }

  struct Shared {
    std::vector<LoadedPictures> loaded;
    std::vector<std::size_t> decoded;  // by each process
    std::vector<std::string> errors;
  };
  Shared together(int processes, const LoadOptions& options) const {
    const auto count = static_cast<std::size_t>(processes);
    Shared shared{std::vector<LoadedPictures>(count), std::vector<std::size_t>(count),
                  std::vector<std::string>(count)};
    test::play(processes, [&](Group& group) {
      const auto rank = static_cast<std::size_t>(group.rank());
      LoadOptions own = options;
      own.group = &group;
      try {
        shared.loaded[rank] =
            load_pictures(list_folder(scratch_.path() / "data"), own,
                          [&](std::size_t done, std::size_t) { shared.decoded[rank] = done; });
      } catch (const Error& error) {
        shared.errors[rank] = error.what();
      }
    });
    return shared;
  }

  test::ScratchFolder scratch_;
  fs::path cache_;
};

TEST_F(SharedReading, EachFileIsDecodedOnceAndAllHaveAllPictures) {
  const LoadedPictures one = alone();
  for (const int processes : {2, 4}) {
    const Shared shared = together(processes, options());
    std::size_t decoded = 0;
    for (std::size_t rank = 0; rank < shared.loaded.size(); ++rank) {
      EXPECT_EQ(shared.errors[rank], "");
      test::expect_same_pictures(shared.loaded[rank], one);
      EXPECT_LE(shared.decoded[rank], (23u + shared.loaded.size() - 1) / shared.loaded.size());
      decoded += shared.decoded[rank];
    }
    EXPECT_EQ(decoded, 23u);
  }
}

TEST_F(SharedReading, PixelsThatDoNotFitIntoTheMemoryAreInOneFile) {
  LoadOptions small = options();
  small.most_memory = 1;
  small.scratch = scratch_.path();
  const Shared shared = together(2, small);
  for (const LoadedPictures& loaded : shared.loaded) test::expect_same_pictures(loaded, alone());
}

TEST_F(SharedReading, FillsAndUsesACacheTogether) {
  const LoadedPictures one = alone();
  cache_ = scratch_.path() / "cache";
  for (const std::size_t cached : {0u, 23u}) {
    const Shared shared = together(2, options());
    for (std::size_t rank = 0; rank < 2; ++rank) {
      test::expect_same_pictures(shared.loaded[rank], one);
      EXPECT_EQ(shared.loaded[rank].from_cache, cached);
      EXPECT_EQ(shared.loaded[rank].cache_trouble, "");
    }
  }
  write("data/a/new.pgm", "P5 4 4 255\n" + std::string(16, '\x09'));
  const Shared grown = together(2, options());
  EXPECT_EQ(grown.loaded[1].from_cache, 23u);
  test::expect_same_pictures(grown.loaded[1], alone());
}

TEST_F(SharedReading, AllProcessesNameTheSameBrokenFile) {
  write("data/b/a_broken_one.jpg", "no picture");
  LoadOptions strict = options();
  strict.strict = true;
  const Shared shared = together(4, strict);
  EXPECT_THAT(shared.errors[0], HasSubstr("broken"));
  for (const std::string& error : shared.errors) EXPECT_EQ(error, shared.errors[0]);
}

}  // namespace
}  // namespace bart
