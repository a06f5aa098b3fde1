// --cache: the same results, sooner.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>

#include "drawn_faces.h"
#include "resume_fixture.h"

namespace bart {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class Cache : public DrawnFaces {
 protected:
  Cache() : DrawnFaces(3, 10) {}

  void SetUp() override {
    DrawnFaces::SetUp();
    for (const auto& entry : fs::recursive_directory_iterator(here() / "faces")) {
      if (entry.is_regular_file()) age(entry.path());
    }
  }
  /// Makes a file older, because files that have just been written are not remembered.
  static void age(const fs::path& file) {
    fs::last_write_time(file, fs::file_time_type::clock::now() - std::chrono::hours(1));
  }
  BartResult train(const std::string& out, std::vector<std::string> flags) {
    flags.insert(flags.begin(), {"train", "faces", "--image-size", "16", "--bs", "8", "--epochs", "2",
                                 "--no-report", "--threads", "1", "--out", out});
    BartResult result = run_bart(here(), flags);
    EXPECT_EQ(result.code, 0) << result.err;
    return result;
  }
  bool has_checkpoint(const std::string& out) const {
    if (!fs::exists(here() / out / "bart-run")) return false;
    for (const auto& entry : fs::directory_iterator(here() / out / "bart-run")) {
      if (entry.path().filename().string().starts_with("checkpoint-")) return true;
    }
    return false;
  }
  void expect_same_results(const std::string& a, const std::string& b) {
    for (const char* file :
         {"BART-10M.pth", "inference_images/pic_0.jpg", "bart-run/test_pictures.csv", "bart-run/steps.csv"}) {
      EXPECT_EQ(file_text(here() / a / file), file_text(here() / b / file)) << file;
    }
    const auto data = [&](const std::string& out) {
      return nlohmann::json::parse(file_text(here() / out / "bart-run/run.json"))["data"];
    };
    EXPECT_EQ(data(a), data(b));  // bytes, sizes, what was skipped and why
  }
};

TEST_F(Cache, IsOnlyReadWhereTheFileSystemHasNoLocks) {
  train("plain", {});
  const BartSurroundings without_locks{.environment = {{"LD_PRELOAD", BART_FAULTS_LIBRARY},
                                                       {"ASAN_OPTIONS", "verify_asan_link_order=0"},
                                                       {"BART_WITHOUT", "flock"}}};
  for (const bool filled : {false, true}) {
    if (filled) train("filling", {"--cache", "cache"});
    const BartResult result =
        run_bart(here(),
                 {"train", "faces", "--image-size", "16", "--bs", "8", "--epochs", "2", "--no-report",
                  "--threads", "1", "--out", "cached", "--cache", "cache"},
                 without_locks);
    ASSERT_EQ(result.code, 0) << result.err;
    expect_same_results("plain", "cached");
    EXPECT_THAT(result.err,
                HasSubstr(filled ? "Took 30 of 30 pictures from the cache" : "Took 0 of 30 pictures"));
    EXPECT_EQ(result.err.find("so the cache is only read") != std::string::npos, !filled);
  }
}

TEST_F(Cache, GivesTheSameResultsAsNone) {
  fs::path broken = here() / "faces" / fs::directory_iterator(here() / "faces")->path().filename() / "no.jpg";
  scratch_.write(broken.lexically_relative(here()).string(), "no picture");
  age(broken);
  train("plain", {});
  EXPECT_THAT(train("first", {"--cache", "cache"}).err, HasSubstr("Took 0 of 31 pictures from the cache"));
  EXPECT_THAT(train("second", {"--cache", "cache"}).err, HasSubstr("Took 31 of 31 pictures from the cache"));
  expect_same_results("plain", "first");
  expect_same_results("plain", "second");
  const std::vector<std::string> evaluate = {"evaluate",           "--json",   "--model",
                                             "plain/BART-10M.pth", "--labels", "plain/label_encoder.joblib"};
  std::vector<std::string> cached = evaluate;
  cached.insert(cached.end(), {"--cache", "cache"});
  const BartResult result = run_bart(here(), cached);
  EXPECT_EQ(result.out, run_bart(here(), evaluate).out);
  EXPECT_THAT(result.err, HasSubstr("Took 6 of 6 pictures from the cache"));
}

TEST_F(Cache, AResumedTrainingTakesItAlong) {
  train("plain", {});
  train("run", {"--cache", "cache", "--checkpoint-minutes", "0", "--max-steps", "2"});
  const BartResult resumed = run_bart(
      here(), {"train", "--resume", "--max-steps", "0", "--no-report", "--threads", "1", "--out", "run"});
  EXPECT_EQ(resumed.code, 0) << resumed.err;
  EXPECT_THAT(resumed.err, HasSubstr("Took 30 of 30 pictures from the cache"));
  EXPECT_EQ(file_text(here() / "plain/BART-10M.pth"), file_text(here() / "run/BART-10M.pth"));
}

TEST_F(Cache, OneThatIsCutShortWhileATrainingRunsIsSaidAndTheTrainingCanGoOn) {
  const std::vector<std::string> command = {
      "train",     "faces", "--image-size",         "16", "--bs",    "8",    "--no-report",
      "--threads", "1",     "--checkpoint-minutes", "0",  "--cache", "cache"};
  // The first one makes the cache, and the second one finds it.
  for (const std::string out : {"first", "second"}) {
    std::vector<std::string> endless = command;
    endless.insert(endless.end(), {"--epochs", "1000000", "--out", out});
    RunningBart bart(here(), endless);
    for (int i = 0; i < 6000 && !has_checkpoint(out); ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    ASSERT_TRUE(has_checkpoint(out));  // it trains
    const fs::path pixels = fs::canonical(fs::directory_iterator(here() / "cache")->path() / "pixels");
    fs::resize_file(pixels, 0);
    const BartResult result = bart.wait();
    EXPECT_EQ(result.code, 1);
    EXPECT_THAT(result.err, HasSubstr("\nbart: cannot read " + pixels.string() + ": it was cut short"));
    EXPECT_THAT(result.err, HasSubstr("leave the cache alone while a command uses it"));
    EXPECT_FALSE(fs::exists(here() / out / "BART-10M.pth"));
    const BartResult resumed = run_bart(
        here(), {"train", "--resume", "--no-report", "--max-steps", steps_done(here() / out), "--out", out});
    EXPECT_EQ(resumed.code, 0) << resumed.err;
    EXPECT_THAT(resumed.err, HasSubstr("it is too short"));
  }
}

TEST_F(Cache, OneInTheDataFolderIsRefused) {
  const BartResult result = run_bart(here(), {"train", "faces", "--cache", "faces/cache"});
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.err, HasSubstr("is in the data folder"));
  EXPECT_FALSE(fs::exists(here() / "faces/cache"));
}

}  // namespace
}  // namespace bart
