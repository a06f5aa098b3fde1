// What a training recorded about its pictures: the part that each was in, and those that it was tested on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bart/platform/error.h"
#include "bart/platform/files.h"
#include "bart/record/picture_hashes.h"
#include "bart/record/run_record.h"
#include "bart/record/test_pictures.h"
#include "scratch_folder.h"

namespace bart {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

class RecordedPictures : public testing::Test {
 protected:
  RecordedPictures() {
    for (const char* file : {"data/a/0.png", "data/a/1.png", "data/b/0.png"}) scratch_.write(file, "12345");
    pictures_.files = {"a/0.png", "a/1.png", "b/0.png"};
    pictures_.classes = {"a", "b"};
    pictures_.labels = {0, 0, 1};
    pictures_.hashes = {0x10, 0x11, 0xfedcba9876543210};
    record_.data_folder = scratch_.path() / "data";
    record_.status = "finished";
  }
  void write_record() {
    std::filesystem::create_directories(run_.record());
    write_file(run_.run_json(), encode_run_record(record_));
    write_file(run_.pictures_csv(), encode_picture_hashes(pictures_, split_));
    write_file(run_.test_pictures_csv(), encode_test_pictures(record_.data_folder, pictures_, split_));
  }

  test::ScratchFolder scratch_;
  RunFolder run_{scratch_.path() / "run"};
  LoadedPictures pictures_;
  Split split_{.train = {1}, .test = {2, 0}, .validation = {}};
  RunRecord record_;
};

TEST_F(RecordedPictures, HashesAreThoseOfThePart) {
  write_record();
  EXPECT_EQ(hashes_of_part(run_, Part::train), (std::vector<std::uint64_t>{0x11}));
  EXPECT_EQ(hashes_of_part(run_, Part::test), (std::vector<std::uint64_t>{0xfedcba9876543210, 0x10}));
  EXPECT_THAT([&] { hashes_of_part(run_, Part::validation); },
              ThrowsMessage<Error>(HasSubstr("had no validation pictures")));
  std::filesystem::remove(run_.pictures_csv());
  try {
    hashes_of_part(run_, Part::train);
    FAIL();
  } catch (const SettingError& error) {
    EXPECT_THAT(error.with_flags(), HasSubstr("pictures.csv, which tells the pictures of a training by their "
                                              "content: --split needs a model in the folder"));
    EXPECT_FALSE(error.usage());
  }
}

TEST_F(RecordedPictures, TheTestIsThatOfTheTraining) {
  record_.settings.ignore_exif = true;
  write_record();
  const RecordedTest test = recorded_test(run_);
  EXPECT_EQ(test.pictures.folder, record_.data_folder);
  ASSERT_EQ(test.pictures.pictures.size(), 2u);
  EXPECT_EQ(test.pictures.pictures[0].file, "b/0.png");
  EXPECT_EQ(test.pictures.pictures[1].file, "a/0.png");
  EXPECT_EQ(test.pictures.classes[static_cast<std::size_t>(test.pictures.pictures[1].label)], "a");
  EXPECT_FALSE(test.apply_exif_orientation);
  EXPECT_FALSE(test.unfinished);
}

TEST_F(RecordedPictures, AnUnfinishedTrainingSaysSoAndAMissingOneIsAnError) {
  record_.status = "interrupted";
  write_record();
  const RecordedTest test = recorded_test(run_);
  EXPECT_TRUE(test.unfinished);
  EXPECT_TRUE(test.apply_exif_orientation);
  scratch_.write("data/b/0.png", "123456");
  EXPECT_THAT([&] { recorded_test(run_); }, ThrowsMessage<Error>(HasSubstr("1 of the 2 test pictures")));
  std::filesystem::remove(run_.run_json());
  EXPECT_THAT([&] { recorded_test(run_); },
              ThrowsMessage<Error>(HasSubstr("which tells what the model was tested on")));
}

}  // namespace
}  // namespace bart
