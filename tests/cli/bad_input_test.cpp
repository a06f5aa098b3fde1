// Mistakes of users: each gives one sentence that names it, exit code 2 for usage and 1 for the rest, and
// nothing is written.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <set>

#include "run_bart.h"

namespace bart {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

std::set<std::string> everything_in(const fs::path& folder) {
  std::set<std::string> names;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    // TensorBoard's event file is named after the time and the process.
    if (!entry.path().filename().string().starts_with("events.")) names.insert(entry.path().string());
  }
  return names;
}

class BadInput : public testing::Test {
 protected:
  const fs::path& here() const { return scratch_.path(); }

  /// A small drawn data set, big enough for one bad file to be under 5 %.
  void draw(const std::string& folder, int per_class = 15) {
    const BartResult result =
        run_bart(here(), {"sample", folder, "--classes", "2", "--per-class", std::to_string(per_class)});
    ASSERT_EQ(result.code, 0) << result.err;
  }

  fs::path some_picture(const std::string& folder) {
    std::vector<fs::path> files;
    for (const auto& entry : fs::recursive_directory_iterator(here() / folder)) {
      if (entry.is_regular_file()) files.push_back(entry.path());
    }
    return *std::min_element(files.begin(), files.end());
  }

  void write(const std::string& file, const std::string& text) {
    fs::create_directories((here() / file).parent_path());
    std::ofstream(here() / file, std::ios::binary) << text;
  }

  /// Runs a command that must fail with `code` and one sentence with `words`, and change nothing on disk.
  void expect_failure(int code, const std::vector<std::string>& arguments, const std::string& words) {
    const auto before = everything_in(here());
    const BartResult result = run_bart(here(), arguments);
    EXPECT_EQ(result.code, code) << testing::PrintToString(arguments) << "\n" << result.err;
    EXPECT_THAT(result.err, HasSubstr(words)) << testing::PrintToString(arguments);
    EXPECT_THAT(result.err, HasSubstr("bart: "));
    EXPECT_EQ(everything_in(here()), before) << testing::PrintToString(arguments);
  }

  ScratchFolder scratch_;
};

TEST_F(BadInput, FlagsAndValues) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> mistakes = {
      {{"trian"}, "trian"},
      {{"train", "--sed", "3"}, "--sed"},
      {{"train", "--bs", "0"}, "--bs must be at least 1"},
      {{"train", "--bs", "many"}, "many"},
      {{"train", "--bs", "99999999999999"}, "99999999999999"},
      {{"train", "--bs"}, "--bs"},
      {{"train", "--bs", "0x10"}, "--bs takes a whole number, not 0x10"},
      {{"train", "--max-steps", "99999999999999999999"},
       "--max-steps takes a whole number, and 99999999999999999999 is out of range"},
      {{"train", "--lr", "1e-400"}, "--lr takes a number, and 1e-400 is out of range"},
      {{"train", "--lr", "1e-320"}, "--lr must be at least 1.2e-38"},
      {{"train", "--checkpoint-minutes", "inf"},
       "--checkpoint-minutes must be at least 0 and finite, not inf"},
      {{"train", "--timeout", "0"}, "--timeout must be from 1 to 86400, not 0"},
      {{"lr-find", "--from", "1e-320"}, "--from must be at least 1.2e-38"},
      {{"serve", "--max-pixels", "99999999999999999999"}, "99999999999999999999 is out of range"},
      {{"serve", "--max-pixels", "18446744073709551615"}, "must be below 2^63, not 18446744073709551615"},
      {{"sample", "f", "--seed", "-1"}, "--seed takes a whole number of at least 0, not -1"},
      {{"train", "--lr", "0"}, "--lr must be above 0"},
      {{"train", "--lr", "-0.1"}, "--lr must be above 0"},
      {{"train", "--lr", "nan"}, "--lr must be above 0"},
      {{"train", "--epochs", "-1"}, "--epochs must be at least 0"},
      {{"train", "--test-size", "1"}, "--test-size must be at least 0 and below 1"},
      {{"train", "--test_size=-0.1"}, "--test-size must be at least 0 and below 1"},
      {{"train", "--validation-size", "1"}, "--validation-size must be at least 0 and below 1"},
      {{"train", "--image-size", "100"}, "--image-size must be a multiple of 16"},
      {{"train", "--image-size", "0"}, "--image-size must be a multiple of 16"},
      {{"train", "--threads", "-2"}, "--threads must be from 1 to 1024"},
      {{"train", "--max-steps", "-1"}, "--max-steps must be at least 1"},
      {{"train", "--seed", "-1"}, "--seed must be from 0"},
      {{"train", "a", "--folder_name", "b"}, "two data folders"},
      {{"train", "a", "b"}, "b"},
      {{"predict", "--format", "xml"}, "--format must be json, csv, jsonl or text"},
      {{"predict", "--top-k", "-1"}, "--top-k must be at least 1"},
      {{"summary", "--classes", "1"}, "--classes must be at least 2"},
      {{"summary", "--classes", "2000000"}, "--classes 2000000: a network cannot have 2000000 classes"},
      {{"sample"}, "folder"},
      {{"sample", "f", "--classes", "1"}, "--classes"},
      {{"sample", "f", "--classes", "1000"}, "--classes"},
      {{"sample", "f", "--per-class", "0"}, "--per-class"},
  };
  for (const auto& [arguments, words] : mistakes) expect_failure(2, arguments, words);
}

TEST_F(BadInput, FoldersThatAreNotDataSets) {
  expect_failure(1, {"train"}, "characters_train");
  expect_failure(1, {"train", "nowhere"}, "nowhere");
  fs::create_directory(here() / "empty");
  expect_failure(1, {"train", "empty"}, "empty");
  write("flat/picture.jpg", "x");
  expect_failure(1, {"train", "flat"}, "flat");
  expect_failure(1, {"train", "flat/picture.jpg"}, "flat/picture.jpg");
  draw("faces");
  std::vector<fs::path> classes;
  for (const auto& entry : fs::directory_iterator(here() / "faces")) classes.push_back(entry.path());
  fs::rename(classes[0], here() / "away");
  expect_failure(1, {"train", "faces"}, "2 classes");
}

TEST_F(BadInput, AnEmptyClassFolderIsAWarning) {
  draw("faces");
  fs::create_directory(here() / "faces" / "nobody");
  const BartResult result =
      run_bart(here(), {"train", "faces", "--epochs", "0", "--image-size", "16", "--out", "run"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("WARNING - The class folder faces/nobody holds no picture"));
  EXPECT_THAT(result.err, HasSubstr("Number of classes: 2"));
}

TEST_F(BadInput, ASplitThatLeavesASideEmpty) {
  draw("faces", 3);
  expect_failure(1, {"train", "faces", "--test-size", "0.9"}, "6");
}

TEST_F(BadInput, ResultsIntoTheDataFolder) {
  draw("faces", 3);
  expect_failure(2, {"train", "faces", "--out", "faces/results"}, "data folder");
  expect_failure(2, {"train", "."}, "data folder");
  draw("held", 3);
  for (const std::string folder : {"--test-folder", "--validation-folder"}) {
    for (const std::string command : {"train", "tune"}) {
      expect_failure(2, {command, "faces", folder, "held", "--out", "held/results"},
                     "--out held/results is in the data folder");
      EXPECT_FALSE(fs::exists(here() / "held" / "results"));
    }
    for (const std::string command : {"train", "tune", "lr-find"}) {
      expect_failure(2, {command, "faces", folder, "held", "--cache", "held/cache"}, "is in the data folder");
      EXPECT_FALSE(fs::exists(here() / "held" / "cache"));
    }
  }
  for (const std::string command : {"tune", "audit"}) {
    expect_failure(2, {command, "faces", "--out", "faces/results"},
                   "--out faces/results is in the data folder");
    EXPECT_FALSE(fs::exists(here() / "faces" / "results"));
  }
}

TEST_F(BadInput, AnErrorLineHasALimit) {
  for (const char* flag : {"--lr", "--augment", "--no-such-flag"}) {
    const BartResult result = run_bart(here(), {"train", "faces", flag, std::string(100'000, 'x')});
    EXPECT_EQ(result.code, 2);
    EXPECT_LT(result.err.size(), 8100u) << flag;
  }
}

TEST_F(BadInput, ASearchOrAnAuditWithoutEpochs) {
  draw("faces", 3);
  expect_failure(2, {"audit", "faces", "--epochs", "0"}, "--epochs must be at least 1, not 0");
  expect_failure(2, {"tune", "faces", "--epochs", "0"}, "--epochs must be at least 1, not 0");
}

TEST_F(BadInput, ABadPictureIsSkippedAndNamed) {
  draw("faces");
  const fs::path broken = some_picture("faces");
  fs::resize_file(broken, fs::file_size(broken) / 2);
  const BartResult result = run_bart(here(), {"train", "faces", "--epochs", "0", "--image-size", "16"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.err,
              HasSubstr("Skipped " + broken.lexically_relative(here() / "faces").string() + ": "));
  EXPECT_THAT(result.err, HasSubstr("The number of images: 29 "));
  EXPECT_THAT(result.err, HasSubstr("Skipped 1 of 30 files"));
}

TEST_F(BadInput, StrictStopsAtABadPicture) {
  draw("faces");
  const fs::path broken = some_picture("faces");
  fs::resize_file(broken, 100);
  expect_failure(1, {"train", "faces", "--strict"}, broken.filename().string());
}

TEST_F(BadInput, TooManyBadPicturesStop) {
  draw("faces");
  for (int i = 0; i < 2; ++i)
    write(fs::path("faces") / some_picture("faces").parent_path().filename() /
              ("note" + std::to_string(i) + ".jpg"),
          "no picture at all");
  expect_failure(1, {"train", "faces"}, "2 of 32");
}

TEST_F(BadInput, ModelsThatAreNone) {
  draw("faces");
  draw("more/faces");
  ASSERT_EQ(run_bart(here(), {"train", "faces", "--epochs", "0", "--image-size", "16"}).code, 0);
  expect_failure(1, {"predict", "faces/nobody.jpg"}, "faces/nobody.jpg");
  expect_failure(1, {"predict", "--model", "none.pth"}, "none.pth");
  expect_failure(1, {"predict", "--labels", "none.joblib"}, "none.joblib");
  write("text.pth", "hello");
  expect_failure(1, {"predict", "--model", "text.pth"}, "text.pth");
  expect_failure(1, {"predict", "--model", "label_encoder.joblib"}, "label_encoder.joblib");
  expect_failure(1, {"predict", "--labels", "BART-10M.pth"}, "BART-10M.pth");
  fs::copy(here() / "BART-10M.pth", here() / "cut.pth");
  fs::resize_file(here() / "cut.pth", fs::file_size(here() / "cut.pth") - 1000);
  expect_failure(1, {"predict", "--model", "cut.pth"}, "cut.pth");

  ASSERT_EQ(run_bart(here(), {"sample", "three", "--classes", "3", "--per-class", "5"}).code, 0);
  ASSERT_EQ(
      run_bart(here(), {"train", "three", "--epochs", "0", "--image-size", "16", "--out", "other"}).code, 0);
  expect_failure(1, {"predict", "--labels", "other/label_encoder.joblib"},
                 "other/label_encoder.joblib names other classes than BART-10M.pth");
}

TEST_F(BadInput, PicturesThatAreNone) {
  draw("faces");
  ASSERT_EQ(run_bart(here(), {"train", "faces", "--epochs", "0", "--image-size", "16"}).code, 0);
  write("note.jpg", "no picture at all");
  expect_failure(1, {"predict", "note.jpg"}, "note.jpg");
  fs::create_directory(here() / "nothing");
  expect_failure(1, {"predict", "nothing"}, "nothing");
  fs::create_directory(here() / "mixed");
  fs::copy(here() / "note.jpg", here() / "mixed" / "note.jpg");
  fs::copy(some_picture("faces"), here() / "mixed" / "face.jpg");
  const BartResult result = run_bart(here(), {"predict", "mixed", "--out", "-"});
  EXPECT_EQ(result.code, 0);
  EXPECT_THAT(result.err, HasSubstr("Skipped mixed/note.jpg: "));
  EXPECT_THAT(result.out, AllOf(HasSubstr("face.jpg"), Not(HasSubstr("note.jpg"))));
  expect_failure(1, {"predict", "mixed", "--strict"}, "note.jpg");
}

TEST_F(BadInput, AFullDiskLeavesTheOldModel) {
  draw("faces", 3);
  ASSERT_EQ(run_bart(here(), {"train", "faces", "--epochs", "0", "--image-size", "16"}).code, 0);
  const std::string model = file_text(here() / "BART-10M.pth");
  const auto before = everything_in(here());
  const BartResult result =
      run_bart(here(), {"train", "faces", "--epochs", "0", "--image-size", "16", "--seed", "3"},
               {.file_size_limit = 1'000'000});
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err, HasSubstr("cannot write ./BART-10M.pth: File too large"));
  // TensorBoard's file is named by the process that wrote it.
  const auto but_events = [](auto files) {
    std::erase_if(files, [](const auto& file) {
      return fs::path(file).filename().string().starts_with("events.out.");
    });
    return files;
  };
  EXPECT_EQ(but_events(everything_in(here())), but_events(before));
  EXPECT_EQ(file_text(here() / "BART-10M.pth"), model);
}

TEST_F(BadInput, AFolderThatCannotBeRead) {
  if (::geteuid() == 0) GTEST_SKIP() << "root reads every folder";
  draw("faces", 3);
  const fs::path locked = some_picture("faces").parent_path();
  fs::permissions(locked, fs::perms::none);
  const BartResult result = run_bart(here(), {"train", "faces"});
  fs::permissions(locked, fs::perms::owner_all);
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err, HasSubstr(locked.filename().string()));
  EXPECT_THAT(result.err, HasSubstr("make it readable, or move it out of faces"));
}

TEST_F(BadInput, AnEmptyTextIsNotTakenForAFlagThatWasNotGiven) {
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{"train", ""},
                                             {"train", "faces", "--init", ""},
                                             {"train", "faces", "--config", ""},
                                             {"train", "faces", "--cache", ""},
                                             {"evaluate", ""},
                                             {"evaluate", "faces", "--labels", ""},
                                             {"predict", "a.jpg", "--out", ""},
                                             {"predict", "a.jpg", "", "b.jpg"},
                                             {"predict", "a.jpg", "--sort-into", ""},
                                             {"inspect", "faces", "--html", ""},
                                             {"audit", "faces", "--model", ""},
                                             {"tune", "faces", "--out", ""},
                                             {"serve", "--token-file", ""},
                                             {"serve", ""}}) {
    const BartResult result = run_bart(here(), arguments);
    EXPECT_EQ(result.code, 2) << testing::PrintToString(arguments);
    EXPECT_THAT(result.err, HasSubstr("must not be empty")) << testing::PrintToString(arguments);
  }
  EXPECT_TRUE(fs::is_empty(here()));
}

}  // namespace
}  // namespace bart
