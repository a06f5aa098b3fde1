#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "bart/pictures/decode.h"
#include "bart/platform/error.h"
#include "bart/platform/files.h"
#include "bart/sample/sample.h"
#include "scratch_folder.h"

namespace bart {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::ThrowsMessage;

class WriteSample : public testing::Test {
 protected:
  static std::vector<std::string> files_under(const fs::path& folder) {
    std::vector<std::string> names;
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
      if (entry.is_regular_file()) names.push_back(fs::relative(entry.path(), folder).string());
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  static std::string content(const fs::path& file) {
    const std::vector<std::uint8_t> bytes = read_file(file);
    return {bytes.begin(), bytes.end()};
  }

  const test::ScratchFolder scratch_;
  const fs::path root_ = scratch_.path();
};

TEST_F(WriteSample, WritesOneFolderAClassOfJpegs) {
  write_sample(root_ / "a" / "faces", {.classes = 3, .per_class = 2, .threads = 2});
  std::vector<std::string> expected;
  for (int i = 0; i < 3; ++i) {
    for (const char* name : {"/pic_0000.jpg", "/pic_0001.jpg"}) {
      expected.push_back(sample_characters()[static_cast<std::size_t>(i)] + name);
    }
  }
  EXPECT_EQ(files_under(root_ / "a" / "faces"), expected);
  for (const std::string& name : expected) {
    const DecodedPicture decoded = decode_picture(read_file(root_ / "a" / "faces" / name));
    EXPECT_EQ(decoded.format, "JPEG");
    EXPECT_EQ(decoded.mode, "RGB");
    EXPECT_GE(std::min(decoded.picture.width, decoded.picture.height), 256);
  }
}

TEST_F(WriteSample, DependsOnTheSeedAloneNotOnThreads) {
  write_sample(root_ / "one", {.classes = 2, .per_class = 4, .seed = 5, .threads = 1});
  write_sample(root_ / "two", {.classes = 2, .per_class = 4, .seed = 5, .threads = 3});
  write_sample(root_ / "other", {.classes = 2, .per_class = 4, .seed = 6, .threads = 3});
  std::set<std::string> contents;
  for (const std::string& name : files_under(root_ / "one")) {
    EXPECT_TRUE(content(root_ / "one" / name) == content(root_ / "two" / name)) << name;
    contents.insert(content(root_ / "one" / name));
    contents.insert(content(root_ / "other" / name));
  }
  EXPECT_EQ(contents.size(), 16u) << "two pictures are the same";
}

TEST_F(WriteSample, ReportsEveryPictureOnce) {
  std::vector<int> seen;
  write_sample(root_ / "faces", {.classes = 2, .per_class = 3, .threads = 2}, [&](int done, int total) {
    EXPECT_EQ(total, 6);
    seen.push_back(done);
  });
  EXPECT_THAT(seen, testing::ElementsAre(1, 2, 3, 4, 5, 6));
}

TEST_F(WriteSample, TakesAnEmptyFolderAndRefusesOneWithContent) {
  fs::create_directory(root_ / "empty");
  EXPECT_NO_THROW(write_sample(root_ / "empty", {.classes = 2, .per_class = 1}));
  EXPECT_THAT([&] { write_sample(root_ / "empty", {.classes = 2, .per_class = 1}); },
              ThrowsMessage<Error>(HasSubstr("is not empty")));
}

TEST_F(WriteSample, RefusesAFileInTheFoldersPlace) {
  std::ofstream(root_ / "file") << "text";
  EXPECT_THAT([&] { write_sample(root_ / "file", {}); }, ThrowsMessage<Error>(HasSubstr("is not a folder")));
}

TEST_F(WriteSample, SaysWhichNumberIsOutOfRange) {
  for (const int classes : {-1, 0, 1, 11}) {
    EXPECT_THAT([&] { write_sample(root_ / "faces", {.classes = classes}); },
                ThrowsMessage<Error>(HasSubstr("classes")));
  }
  for (const int per_class : {-5, 0}) {
    EXPECT_THAT([&] { write_sample(root_ / "faces", {.per_class = per_class}); },
                ThrowsMessage<Error>(HasSubstr("per class")));
  }
  EXPECT_FALSE(fs::exists(root_ / "faces"));
}

TEST(DrawFace, RefusesACharacterThatThereIsNot) {
  EXPECT_THROW(draw_face(-1, 1), Error);
  EXPECT_THROW(draw_face(static_cast<int>(sample_characters().size()), 1), Error);
}

}  // namespace
}  // namespace bart
