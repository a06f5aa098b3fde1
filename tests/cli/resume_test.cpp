// A training that is stopped, killed or disturbed loses nothing: bart train --resume ends it.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <random>
#include <set>
#include <thread>

#include "bart/platform/files.h"
#include "resume_fixture.h"

namespace bart {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

TEST_F(Resume, KilledAtRandomMomentsATrainingEndsWithTheSameBytes) {
  // BART_TEST_KILLS=50 for the figure in docs/trust.md.
  const char* wanted = std::getenv("BART_TEST_KILLS");
  const int kills = wanted != nullptr ? std::atoi(wanted) : 5;
  const auto seconds_of = [](auto work) {
    const auto start = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  const double whole = seconds_of([&] {
    ASSERT_EQ(run_bart(here(), command("whole", {"--epochs", "4"})).code, 0);
  });

  std::mt19937 generator(7);
  std::uniform_real_distribution<double> delay(0, whole * 0.7);
  int killed = 0, trainings = 0, resumed = 0;
  while (killed < kills) {
    const std::string out = fmt::format("killed{}", trainings++);
    bool finished = false;
    while (!finished) {
      const bool go_on = has_checkpoint(out);
      resumed += go_on ? 1 : 0;
      RunningBart bart(here(), go_on ? resume(out) : command(out, {"--epochs", "4"}));
      if (killed < kills) {
        std::this_thread::sleep_for(std::chrono::duration<double>(delay(generator)));
        bart.send(SIGKILL);
      }
      const BartResult result = bart.wait();
      finished = result.code == 0;
      if (!finished) {
        ASSERT_EQ(result.code, 128 + SIGKILL) << result.err;
        ++killed;
      }
    }
    expect_same_results(out, "whole");
    // Nothing is left of what was being written when it was killed.
    // A training that was killed before its first checkpoint and begun anew left nothing to keep.
    EXPECT_EQ(run_files(out), run_files("whole"));
    fs::remove_all(here() / out);
  }
  fmt::print("{} kills, {} trainings, {} times resumed\n", killed, trainings, resumed);
}

TEST_F(Resume, StoppedAtAnyStepATrainingEndsWithTheSameBytes) {
  ASSERT_EQ(run_bart(here(), command("whole", {"--epochs", "2"})).code, 0);
  ASSERT_EQ(run_bart(here(), command("parts", {"--epochs", "2", "--max-steps", "1"})).code, 0);
  for (int steps = 2; steps <= 6; ++steps) {
    const BartResult result = run_bart(here(), resume("parts", {"--max-steps", std::to_string(steps)}));
    ASSERT_EQ(result.code, 0) << result.err;
    EXPECT_THAT(result.err, HasSubstr(fmt::format("Continuing after step {}", steps - 1)));
  }
  ASSERT_EQ(run_bart(here(), resume("parts", {"--max-steps", "0"})).code, 0);
  expect_same_results("parts", "whole");
}

TEST_F(Resume, InsideTheFirstEpochItKeepsTheCurvesThatTensorBoardShows) {
  ASSERT_EQ(run_bart(here(), command("run", {"--max-steps", "2"})).code, 0);
  fs::path begun;
  for (const auto& entry : fs::directory_iterator(here() / "run/bart-run")) {
    if (entry.path().filename().string().starts_with("events.")) begun = entry.path();
  }
  const std::string curves = file_text(begun);
  EXPECT_THAT(curves, HasSubstr("loss/step"));
  ASSERT_EQ(run_bart(here(), resume("run", {"--max-steps", "3"})).code, 0);
  ASSERT_TRUE(fs::exists(begun));
  EXPECT_TRUE(file_text(begun) == curves);
}

TEST_F(Resume, AFinishedTrainingMayGoOnForMoreEpochs) {
  ASSERT_EQ(run_bart(here(), command("whole", {"--epochs", "3"})).code, 0);
  ASSERT_EQ(run_bart(here(), command("longer", {"--epochs", "1"})).code, 0);
  ASSERT_EQ(run_bart(here(), resume("longer", {"--epochs", "3"})).code, 0);
  expect_same_results("longer", "whole");
  const BartResult fewer = run_bart(here(), resume("longer", {"--epochs", "2"}));
  EXPECT_EQ(fewer.code, 2);
  EXPECT_THAT(fewer.err, HasSubstr("--epochs is 2, but 3 are done"));
  for (const char* how : {"--resume", "--resume=auto"}) {
    const BartResult steps =
        run_bart(here(), {"train", "faces", how, "--no-report", "--out", "longer", "--max-steps", "2"});
    EXPECT_EQ(steps.code, 2);
    EXPECT_THAT(steps.err, HasSubstr("--max-steps is 2, but 9 are done"));
  }
}

TEST_F(Resume, GoesOnFromTheOneBeforeWhereTheNewestIsTorn) {
  ASSERT_EQ(run_bart(here(), command("whole", {"--epochs", "2"})).code, 0);
  ASSERT_EQ(run_bart(here(), command("torn", {"--epochs", "2", "--max-steps", "4"})).code, 0);
  const fs::path newest = here() / "torn/bart-run/checkpoint-4.safetensors";
  fs::resize_file(newest, fs::file_size(newest) / 2);
  const BartResult result = run_bart(here(), resume("torn", {"--max-steps", "0"}));
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.err,
              AllOf(HasSubstr("Passed over torn/bart-run/checkpoint-4.safetensors: the file is cut "
                              "short or damaged"),
                    HasSubstr("Continuing after step 3")));
  expect_same_results("torn", "whole");
}

TEST_F(Resume, SaysWhatHasChanged) {
  ASSERT_EQ(run_bart(here(), command("run", {"--epochs", "2", "--max-steps", "2"})).code, 0);
  const auto expect_refusal = [&](int code, const std::vector<std::string>& flags, const std::string& words) {
    const BartResult result = run_bart(here(), resume("run", flags));
    EXPECT_EQ(result.code, code) << words;
    EXPECT_THAT(result.err, HasSubstr(words));
  };
  expect_refusal(2, {"--lr", "0.01"},
                 "--lr is 0.01, but the training to continue began with 0.001: leave the flag out");
  expect_refusal(2, {"--seed", "3"}, "--seed is 3");
  expect_refusal(2, {"--split", "stratified"}, "--split is stratified");
  expect_refusal(2, {"--ignore-exif"}, "--ignore-exif is true");

  const fs::path some = fs::directory_iterator(*fs::directory_iterator(here() / "faces"))->path();
  const std::string name = some.lexically_relative(here() / "faces").string();
  fs::rename(some, here() / "away.jpg");
  expect_refusal(1, {}, "has changed since the training began: of its pictures 1 is gone;");
  const fs::path other = fs::directory_iterator(some.parent_path())->path();
  fs::copy(other, some);
  expect_refusal(1, {}, fmt::format("1 is not what it was (the first: {})", name));
  fs::remove(some);
  fs::rename(here() / "away.jpg", some);
  fs::copy(other, some.parent_path() / "zz.jpg");
  expect_refusal(1, {}, "1 is new (the first: ");
  fs::remove(some.parent_path() / "zz.jpg");
  fs::rename(some.parent_path(), here() / "faces" / "renamed");
  expect_refusal(1, {}, "its classes are different");
  fs::rename(here() / "faces" / "renamed", some.parent_path());

  // The same pictures may lie elsewhere.
  fs::rename(here() / "faces", here() / "moved");
  expect_refusal(1, {}, "faces");
  EXPECT_EQ(run_bart(here(), resume("run", {"moved", "--max-steps", "3"})).code, 0);
}

TEST_F(Resume, NothingToGoOnFrom) {
  const BartResult result = run_bart(here(), resume("nowhere"));
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err, HasSubstr("there is no checkpoint in nowhere/bart-run to continue from"));
  EXPECT_FALSE(fs::exists(here() / "nowhere"));
}

TEST_F(Resume, ANewTrainingKeepsTheOldCheckpointUntilItHasItsOwn) {
  ASSERT_EQ(run_bart(here(), command("run", {"--max-steps", "5"})).code, 0);
  EXPECT_TRUE(run_files("run").contains("checkpoint-5.safetensors"));
  // Mere initial weights are not worth more than the earlier model.
  const BartResult anew = run_bart(here(), command("run", {"--epochs", "0"}));
  EXPECT_THAT(anew.err, HasSubstr("earlier-5.safetensors"));
  EXPECT_TRUE(run_files("run").contains("earlier-5.safetensors"));
  fs::remove(here() / "run/bart-run/checkpoint-0.safetensors");
  const BartResult result = run_bart(here(), resume("run"));
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err, HasSubstr("rename it to checkpoint-5.safetensors"));
  ASSERT_EQ(run_bart(here(), command("run", {"--max-steps", "3"})).code, 0);
  const std::set<std::string> files = run_files("run");
  EXPECT_FALSE(files.contains("earlier-5.safetensors"));
  EXPECT_TRUE(files.contains("checkpoint-2.safetensors"));
  EXPECT_TRUE(files.contains("checkpoint-3.safetensors"));
}

TEST_F(Resume, AutoBeginsWhereThereIsNothingAndGoesOnWhereThereIsSomething) {
  ASSERT_EQ(run_bart(here(), command("whole", {"--epochs", "2"})).code, 0);
  const auto loop = [&](std::vector<std::string> more) {
    more.insert(more.begin(), {"--epochs", "2", "--resume", "auto"});
    return run_bart(here(), command("loop", more));
  };
  const BartResult begun = loop({"--max-steps", "2"});
  ASSERT_EQ(begun.code, 0) << begun.err;
  const BartResult gone_on = loop({"--max-steps", "0"});
  ASSERT_EQ(gone_on.code, 0) << gone_on.err;
  EXPECT_THAT(gone_on.err, HasSubstr("Continuing after step 2"));
  EXPECT_EQ(loop({"--max-steps", "0"}).code, 0);  // nothing is left to do
  expect_same_results("loop", "whole");
}

TEST_F(Resume, ACheckpointOfAnotherTrainingIsRefused) {
  ASSERT_EQ(run_bart(here(), command("run", {"--epochs", "1"})).code, 0);
  ASSERT_EQ(run_bart(here(), command("other", {"--epochs", "2", "--seed", "11"})).code, 0);
  const fs::path stray = here() / "run/bart-run/checkpoint-6.safetensors";
  fs::copy(here() / "other/bart-run/checkpoint-6.safetensors", stray);
  const auto all = [&] {
    std::vector<std::string> texts;
    for (const char* name :
         {"BART-10M.pth", "bart-run/run.json", "bart-run/steps.csv", "bart-run/pictures.csv"})
      texts.push_back(file_text(here() / "run" / name));
    return texts;
  };
  const std::vector<std::string> before = all();
  const std::set<std::string> files = run_files("run");
  for (const auto& arguments : {resume("run", {"--epochs", "3"}),
                                command("run", {"--epochs", "3", "--seed", "11", "--resume", "auto"})}) {
    const BartResult result = run_bart(here(), arguments);
    EXPECT_EQ(result.code, 1);
    EXPECT_THAT(result.err,
                AllOf(HasSubstr("run/bart-run/checkpoint-6.safetensors is not a checkpoint of the "
                                "training in run/bart-run/run.json: move it away"),
                      HasSubstr("into bart-run in a new folder")));
    EXPECT_TRUE(all() == before);
    EXPECT_EQ(run_files("run"), files);
  }
  fs::remove(stray);
  ASSERT_EQ(run_bart(here(), resume("run", {"--epochs", "2"})).code, 0);
  ASSERT_EQ(run_bart(here(), command("whole", {"--epochs", "2"})).code, 0);
  expect_same_results("run", "whole");
}

TEST_F(Resume, ASecondTrainingKilledBeforeItsFirstModelLeavesTheFirst) {
  ASSERT_EQ(run_bart(here(), command("run", {"--epochs", "1"})).code, 0);
  const std::string model = file_text(here() / "run/BART-10M.pth");
  const std::string labels = file_text(here() / "run/label_encoder.joblib");
  const std::string picture = file_text(here() / "run/inference_images/pic_0.jpg");
  ASSERT_EQ(run_bart(here(), {"sample", "others", "--classes", "5", "--per-class", "20", "--seed", "4"}).code,
            0);
  RunningBart second(here(), {"train", "others", "--image-size", "16", "--bs", "2", "--no-report",
                              "--threads", "1", "--checkpoint-minutes", "0", "--out", "run"});
  const auto begun = [&] { return run_files("run").contains("checkpoint-1.safetensors"); };
  fs::remove(here() / "run/bart-run/checkpoint-2.safetensors");
  for (int i = 0; i < 6000 && !begun(); ++i) std::this_thread::sleep_for(5ms);
  second.send(SIGKILL);
  second.wait();
  ASSERT_FALSE(fs::exists(here() / "run/bart-run/checkpoint-40.safetensors")) << "the epoch had ended";
  EXPECT_TRUE(file_text(here() / "run/BART-10M.pth") == model);
  EXPECT_EQ(file_text(here() / "run/label_encoder.joblib"), labels);
  EXPECT_TRUE(file_text(here() / "run/inference_images/pic_0.jpg") == picture);
}

TEST_F(Resume, ALoopOverAnEndedTrainingOfOtherPicturesEndsWithTheOneAskedForWheneverItIsKilled) {
  ASSERT_EQ(run_bart(here(), {"sample", "others", "--classes", "2", "--per-class", "6", "--seed", "4"}).code,
            0);
  const auto other = [](const std::string& out, std::vector<std::string> more) {
    std::vector<std::string> arguments = command(out, more);
    arguments[1] = "others";
    return arguments;
  };
  ASSERT_EQ(run_bart(here(), other("wanted", {"--epochs", "2"})).code, 0);
  ASSERT_EQ(run_bart(here(), command("run", {"--best", "accuracy"})).code, 0);
  // Killed before it has changed anything, and then at later and later calls that change the disk.
  for (int call = 1; call <= 400; call += 57) {
    run_bart(here(), other("run", {"--epochs", "2", "--resume", "auto"}),
             {.environment = {{"LD_PRELOAD", BART_FAULTS_LIBRARY},
                              {"ASAN_OPTIONS", "verify_asan_link_order=0"},
                              {"BART_FAULT", fmt::format("{}:kill", call)}}});
  }
  const BartResult result = run_bart(here(), other("run", {"--epochs", "2", "--resume", "auto"}));
  EXPECT_EQ(result.code, 0) << result.err;
  expect_same_results("run", "wanted");
}

TEST_F(Resume, OtherPicturesThanTheTrainingsAreRefusedWithBothWaysOut) {
  ASSERT_EQ(run_bart(here(), {"sample", "others", "--classes", "2", "--per-class", "6", "--seed", "4"}).code,
            0);
  ASSERT_EQ(run_bart(here(), command("run", {"--epochs", "2", "--max-steps", "1"})).code, 0);
  const BartResult result = run_bart(here(), resume("run", {"others"}));
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err,
              AllOf(HasSubstr("the training in run began with other pictures than those of others"),
                    HasSubstr("leave the folder out to continue it"),
                    HasSubstr("begin a new training without --resume")));
}

TEST_F(Resume, ATrainingKilledBeforeItsFirstCheckpointIsNotMistakenForTheOneBefore) {
  ASSERT_EQ(run_bart(here(), {"sample", "others", "--classes", "2", "--per-class", "6", "--seed", "4"}).code,
            0);
  ASSERT_EQ(run_bart(here(), command("run", {"--epochs", "2", "--max-steps", "2"})).code, 0);
  const auto begin_others = [&](const std::vector<std::string>& more, int killed_at) {
    std::vector<std::string> arguments = command("run", more);
    arguments[1] = "others";
    return run_bart(here(), arguments,
                    {.environment = {{"LD_PRELOAD", BART_FAULTS_LIBRARY},
                                     {"ASAN_OPTIONS", "verify_asan_link_order=0"},
                                     {"BART_FAULT", fmt::format("{}:kill", killed_at)}}});
  };
  const auto begun = [&] { return run_files("run").contains(".bart-begun") && has_checkpoint("run"); };
  int call = 0;
  while (!begun() && call < 60) begin_others({"--epochs", "2"}, ++call);
  ASSERT_TRUE(begun());
  const BartResult refused = run_bart(here(), resume("run"));
  EXPECT_EQ(refused.code, 1);
  EXPECT_THAT(refused.err, AllOf(HasSubstr("killed before its first checkpoint"),
                                 HasSubstr("to continue that one, name its data folder"),
                                 HasSubstr("or begin the new one again")));
  // One way, although the checkpoint has steps left to do.
  const BartResult gone_on = run_bart(here(), resume("run", {"faces", "--max-steps", "3"}));
  EXPECT_EQ(gone_on.code, 0) << gone_on.err;
  EXPECT_THAT(gone_on.err, HasSubstr("Continuing after step 2"));
  EXPECT_FALSE(begun());
  // The other one.
  begin_others({"--epochs", "2"}, call);
  ASSERT_TRUE(begun());
  const BartResult anew = begin_others({"--epochs", "2", "--resume", "auto"}, 100000);
  EXPECT_EQ(anew.code, 0) << anew.err;
  EXPECT_EQ(nlohmann::json::parse(file_text(here() / "run/bart-run/run.json"))["data"]["classes"].size(), 2u);
  EXPECT_FALSE(run_files("run").contains(".bart-begun"));
}

}  // namespace
}  // namespace bart
