// Trainings on data that says itself which pictures are for validation and testing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bart/record/picture_hashes.h"
#include "bart/run/lr_find.h"
#include "bart/run/run.h"
#include "bart/sample/sample.h"
#include "run_fixture.h"

namespace bart {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

TEST_F(RunTest, ASettingThatWouldChooseAmongGivenPicturesIsRefused) {
  const fs::path data = scratch_.path() / "split";
  for (const char* part : {"train", "val", "test"}) write_sample(data / part, {.classes = 2, .per_class = 4});
  const auto expect_refused = [&](const std::string& words, const auto& change) {
    RunSettings asked = settings("refused");
    change(asked);
    EXPECT_THAT([&] { train(data, asked); }, ThrowsMessage<SettingError>(HasSubstr(words)));
    EXPECT_FALSE(fs::exists(asked.out));
  };
  expect_refused("test_size 0.5 has no effect: the data set has test pictures of its own: leave it out",
                 [](RunSettings& asked) { asked.test_size = 0.5; });
  expect_refused("test_size 0 has no effect", [](RunSettings& asked) { asked.test_size = 0; });
  expect_refused("validation_size 0.5 has no effect",
                 [](RunSettings& asked) { asked.validation_size = 0.5; });
  expect_refused("split stratified has no effect", [](RunSettings& asked) { asked.split = "stratified"; });
  // With its default value if it was given.
  const RunSettings defaults = settings("refused");
  const auto refused = ThrowsMessage<SettingError>(HasSubstr("test_size 0.2 has no effect"));
  EXPECT_THAT([&] { train(data, defaults, {}, {.text = {}, .given = {"test-size"}}); }, refused);
  EXPECT_THAT([&] { find_learning_rate(data, defaults, {}, {}, {}, {"test-size"}); }, refused);
  EXPECT_FALSE(fs::exists(defaults.out));
  RunSettings folders = settings("folders");
  folders.test_folder = (data / "test").string();
  folders.test_size = 0.3;
  EXPECT_THAT([&] { train(faces(), folders); },
              ThrowsMessage<SettingError>(HasSubstr("has no effect: test_folder names the test pictures")));
  folders.test_size = settings("").test_size;
  folders.validation_size = 0.25;  // of the others, by this split
  folders.split = "stratified";
  folders.epochs = 0;
  const RunRecord record = train(faces(), folders).record;
  EXPECT_EQ(record.settings.test_size, 0) << "no share was kept";
  EXPECT_EQ(record.validation_pictures, 4u);
}

TEST_F(RunTest, TheSentenceAboutAGivenSplitSaysWhatTheRunDoes) {
  const fs::path data = scratch_.path() / "split";
  for (const char* part : {"train", "val"}) write_sample(data / part, {.classes = 2, .per_class = 4});
  RunSettings asked = settings("run");
  asked.epochs = 0;
  std::string sentence;
  const RunObserver observer{.listed = [&](const Listing& listing) { sentence = parts_sentence(listing); }};
  EXPECT_EQ(train(data, asked, observer).record.train_pictures, 8u);
  EXPECT_EQ(sentence,
            "The data set comes with its own split: 8 pictures for training, 8 for validation, which are the "
            "test pictures too");
  asked = settings("chosen");
  asked.epochs = 0;
  asked.validation_size = 0.25;
  for (const char* tests : {"val", "test"}) {
    const RunRecord record = train(data, asked, observer).record;
    EXPECT_EQ(sentence,
              "The data set comes with its own split: 8 pictures for training and validation, 8 for testing");
    EXPECT_EQ(record.train_pictures, 6u) << tests;
    EXPECT_EQ(record.validation_pictures, 2u) << tests;
    EXPECT_EQ(record.test_pictures, 8u) << tests;
    fs::rename(data / tests, data / "test");
  }
}

TEST_F(RunTest, ASplitThatTheDataComesWithIsTaken) {
  const auto put = [&](const fs::path& from, const char* part) {
    const fs::path to = scratch_.path() / "parts" / part / from.parent_path().filename() / from.filename();
    fs::create_directories(to.parent_path());
    fs::copy(from, to);
  };
  std::map<std::string, int> seen;
  for (const auto& entry : fs::recursive_directory_iterator(faces())) {
    if (!entry.is_regular_file()) continue;
    const int n = seen[entry.path().parent_path().string()]++;
    put(entry.path(), n < 5 ? "train" : n < 7 ? "test" : "Valid");
  }
  const RunResult result = train(scratch_.path() / "parts", settings("run"));
  EXPECT_EQ(result.record.train_pictures, 10u);
  EXPECT_EQ(result.record.test_pictures, 4u);
  EXPECT_EQ(result.record.validation_pictures, 2u);
  EXPECT_EQ(result.record.classes.size(), 2u);
  EXPECT_TRUE(fs::exists(make_report(folder("run").results(), 1).page));
}

TEST_F(RunTest, AFolderOfTestPicturesIsTestedOn) {
  write_sample(scratch_.path() / "holdout", {.classes = 2, .per_class = 3, .seed = 9});
  RunSettings asked = settings("run");
  asked.test_folder = (scratch_.path() / "holdout").string();
  const RunResult result = train(faces(), asked);
  EXPECT_EQ(result.record.train_pictures, 16u);
  EXPECT_EQ(result.record.test_pictures, 6u);
  EXPECT_EQ(read_picture_hashes(folder("run")).value().test.size(), 6u);

  RunSettings validated = settings("validated");
  validated.validation_folder = asked.test_folder;
  const RunRecord record = train(faces(), validated).record;
  EXPECT_EQ(record.validation_pictures, 6u);
  EXPECT_EQ(record.test_pictures, 4u);
  EXPECT_EQ(record.train_pictures, 12u);
}

TEST_F(RunTest, PicturesThatTheFirstModelWasTrainedOnAreSaidToBe) {
  train(faces(), settings("first"));
  RunSettings asked = settings("second");
  asked.init = folder("first").results().string();
  const auto expect = [&](const auto& warnings_are) {
    EXPECT_THAT(train(faces(), asked).record.warnings, warnings_are);
  };
  const auto known = HasSubstr("among the training pictures of");
  expect(testing::Not(testing::Contains(known)));  // the split is that of the first training
  asked.split_seed = 3;
  expect(testing::Contains(testing::AllOf(HasSubstr(" test pictures ("), known)));
}

}  // namespace
}  // namespace bart
