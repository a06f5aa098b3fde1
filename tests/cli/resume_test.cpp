// A training that is stopped, killed or disturbed loses nothing: bart train --resume ends it.
#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>
#include <set>
#include <thread>

#include "bart/dataset/listing.h"
#include "bart/platform/files.h"
#include "drawn_faces.h"
#include "wild_model.h"

namespace bart {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class Resume : public DrawnFaces {
 protected:
  Resume() : DrawnFaces(3, 8) {}

  /// Three steps per epoch, with a checkpoint after each step.
  static std::vector<std::string> command(const std::string& out, std::vector<std::string> more = {}) {
    std::vector<std::string> arguments{"train", "faces", "--image-size", "16", "--bs", "8", "--no-report"};
    arguments.insert(arguments.end(), {"--threads", "1", "--checkpoint-minutes", "0", "--out", out});
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }
  static std::vector<std::string> resume(const std::string& out, std::vector<std::string> more = {}) {
    std::vector<std::string> arguments{"train", "--resume", "--no-report", "--out", out};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }
  std::set<std::string> run_files(const std::string& out) const {
    std::set<std::string> names;
    for (const auto& entry : fs::directory_iterator(here() / out / "bart-run")) {
      const std::string name = entry.path().filename().string();
      if (!name.starts_with("events.")) names.insert(name);  // one a start
    }
    return names;
  }
  bool has_checkpoint(const std::string& out) const {
    if (!fs::exists(here() / out / "bart-run")) return false;
    for (const std::string& name : run_files(out)) {
      if (name.starts_with("checkpoint-")) return true;
    }
    return false;
  }
  /// The steps of the newest checkpoint, for --max-steps.
  std::string steps_done(const std::string& out) const {
    int most = 0;
    for (const std::string& name : run_files(out)) {
      constexpr std::string_view prefix = "checkpoint-";
      if (name.starts_with(prefix)) most = std::max(most, std::stoi(name.substr(prefix.size())));
    }
    return std::to_string(most);
  }
  /// Everything that must be equal for two equal trainings.
  void expect_same_results(const std::string& a, const std::string& b) const {
    EXPECT_TRUE(read_file(here() / a / "BART-10M.pth") == read_file(here() / b / "BART-10M.pth"));
    EXPECT_EQ(file_text(here() / a / "bart-run/steps.csv"), file_text(here() / b / "bart-run/steps.csv"));
    const auto epochs = [&](const std::string& out) {
      auto run = nlohmann::json::parse(file_text(here() / out / "bart-run/run.json"));
      auto history = run["results"]["epochs"];
      for (auto& epoch : history) {
        epoch.erase("train_seconds");
        epoch.erase("validation_seconds");
        epoch.erase("images_per_second");
      }
      return history;
    };
    EXPECT_EQ(epochs(a), epochs(b));
  }
};

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

class Signals : public Resume {
 protected:
  /// Waits until the training in `out` has a checkpoint, so that it is running.
  void wait_for_steps(const std::string& out) const {
    for (int i = 0; i < 6000 && !has_checkpoint(out); ++i) std::this_thread::sleep_for(10ms);
    ASSERT_TRUE(has_checkpoint(out));
  }
};

TEST_F(Signals, CtrlCAndSigtermSaveACheckpointAndSayHowToGoOn) {
  ASSERT_EQ(run_bart(here(), command("whole", {"--epochs", "40", "--max-steps", "20"})).code, 0);
  for (const auto& [signal, name] : {std::pair(SIGINT, "Ctrl-C"),
                                     {SIGTERM, "SIGTERM"},
                                     {SIGHUP, "SIGHUP (the terminal was closed)"},
                                     {SIGUSR1, "SIGUSR1"},
                                     {SIGUSR2, "SIGUSR2"},
                                     {SIGXCPU, "SIGXCPU (the limit on processor time)"}}) {
    const std::string out = fmt::format("run{}", signal);
    RunningBart bart(here(), command(out, {"--epochs", "40", "--max-steps", "20"}));
    wait_for_steps(out);
    bart.send(signal);
    const BartResult result = bart.wait();
    ASSERT_EQ(result.code, 128 + signal) << result.err;
    EXPECT_THAT(result.err, AllOf(HasSubstr(fmt::format("Stopped by {} after step ", name)),
                                  HasSubstr("to continue: bart train --resume --out " + out + "\n")));
    EXPECT_FALSE(fs::exists(here() / out / "BART-10M.pth"));
    if (signal != SIGINT && signal != SIGTERM) {
      EXPECT_TRUE(has_checkpoint(out));
      continue;
    }
    ASSERT_EQ(run_bart(here(), resume(out)).code, 0);
    expect_same_results(out, "whole");
  }
}

TEST_F(Signals, ThatNobodyReadsTheMessagesSavesACheckpoint) {
  // bart train ... 2>&1 | head -1, and bart train ... --log json | head -1
  for (const bool json : {false, true}) {
    fs::remove_all(here() / "run");
    int pipe[2];
    ASSERT_EQ(::pipe2(pipe, O_CLOEXEC), 0);
    RunningBart bart(here(), command("run", {"--epochs", "1000000", "--log", json ? "json" : "original"}),
                     {.in_child = [&] {
                       std::signal(SIGPIPE, SIG_DFL);  // a test's own parent may have it ignored
                       if (!json) ::dup2(pipe[1], STDERR_FILENO);
                       ::dup2(pipe[1], STDOUT_FILENO);
                     }});
    ::close(pipe[1]);
    wait_for_steps("run");
    ::close(pipe[0]);
    const BartResult result = bart.wait();
    EXPECT_EQ(result.code, 128 + SIGPIPE);
    EXPECT_TRUE(has_checkpoint("run"));
    EXPECT_EQ(nlohmann::json::parse(file_text(here() / "run/bart-run/run.json"))["results"]["status"],
              "interrupted");
    EXPECT_THAT(result.err, Not(HasSubstr("bart:")));
    EXPECT_EQ(run_bart(here(), resume("run", {"--max-steps", steps_done("run")})).code, 0);
  }
}

TEST_F(Signals, EventsThatCannotBeWrittenAreToldWithTheReason) {
  const BartResult result =
      run_bart(here(), command("run", {"--epochs", "1", "--log", "json"}),
               {.in_child = [] { ::dup2(::open("/dev/full", O_WRONLY), STDOUT_FILENO); }});
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err,
              AllOf(HasSubstr("Events are missing: cannot write to standard output: No space left"),
                    HasSubstr("bart: cannot write to standard output: ")));
  EXPECT_TRUE(fs::exists(here() / "run/BART-10M.pth"));
}

TEST_F(Signals, UnderNohupAClosedTerminalStopsNothing) {
  RunningBart bart(here(), command("run", {"--epochs", "1000000"}),
                   {.in_child = [] { std::signal(SIGHUP, SIG_IGN); }});
  wait_for_steps("run");
  bart.send(SIGHUP);
  std::this_thread::sleep_for(300ms);
  bart.send(SIGTERM);
  EXPECT_EQ(bart.wait().code, 128 + SIGTERM);
}

TEST_F(Signals, ABatchSystemsWarningAndThenSigtermStillSave) {
  RunningBart bart(here(), command("run", {"--epochs", "1000000"}));
  wait_for_steps("run");
  bart.send(SIGUSR1);
  bart.send(SIGTERM);
  const BartResult result = bart.wait();
  EXPECT_THAT(result.code, testing::AnyOf(128 + SIGUSR1, 128 + SIGTERM));  // either may be handled first
  EXPECT_THAT(result.err, HasSubstr("to continue: bart train --resume"));
}

/// Makes the program the first process of a container, and writes its id outside the container into the file
/// "process".
void as_first_process() {
  if (::unshare(CLONE_NEWPID) != 0) ::_exit(77);
  const pid_t child = ::fork();
  if (child == 0) return;
  std::ofstream("process.part") << child;
  fs::rename("process.part", "process");
  int status = 0;
  ::waitpid(child, &status, 0);
  ::_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

TEST_F(Signals, AFirstProcessOfAContainerEndsOnThem) {
  if (run_bart(here(), {"--version"}, {.in_child = as_first_process}).code == 77) {
    GTEST_SKIP() << "only root makes process namespaces";
  }
  const auto stopped_by = [&](int signal, const std::vector<std::string>& arguments, const fs::path& begun) {
    fs::remove(here() / "process");
    RunningBart bart(here(), arguments, {.in_child = as_first_process});
    while (!fs::exists(here() / "process") || !fs::exists(here() / begun)) std::this_thread::sleep_for(5ms);
    ::kill(std::stoi(file_text(here() / "process")), signal);
    return bart.wait();
  };
  EXPECT_EQ(stopped_by(SIGTERM, {"sample", "big", "--per-class", "100000"}, "big").code, 128 + SIGTERM);
  const BartResult training =
      stopped_by(SIGTERM, command("run", {"--epochs", "1000000"}), "run/bart-run/steps.csv");
  EXPECT_EQ(training.code, 128 + SIGTERM);
  EXPECT_THAT(training.err, HasSubstr("to continue: bart train --resume"));
}

TEST_F(Signals, ASecondOneLeavesAtOnceAndLosesNothingOlder) {
  RunningBart bart(here(), command("run", {"--epochs", "1000000"}));
  wait_for_steps("run");
  // Both signals come so fast that the second may find the checkpoint half written.
  bart.send(SIGINT);
  for (int i = 0; i < 3; ++i) {
    std::this_thread::sleep_for(1ms);
    bart.send(SIGTERM);
  }
  const BartResult result = bart.wait();
  EXPECT_THAT(result.code, testing::AnyOf(130, 143));
  EXPECT_EQ(run_bart(here(), resume("run", {"--epochs", "1000000", "--max-steps", steps_done("run")})).code,
            0);
}

TEST_F(Signals, TwoTrainingsIntoOneFolderAreRefusedWithTheFirstsProcessId) {
  RunningBart first(here(), command("run", {"--epochs", "1000000"}));
  wait_for_steps("run");
  for (const auto& second : {command("run"), resume("run")}) {
    const BartResult result = run_bart(here(), second);
    EXPECT_EQ(result.code, 1);
    EXPECT_THAT(result.err,
                HasSubstr(fmt::format("run/bart-run is in use by the process {}", first.process())));
  }
  first.send(SIGKILL);
  first.wait();
  EXPECT_EQ(run_bart(here(), resume("run", {"--max-steps", steps_done("run")})).code, 0);
}

TEST_F(Signals, ADivergedTrainingNamesTheStepAndNoCheckpointThatItSpoiled) {
  // After the first step the outputs are not finite. No checkpoint of that may be called good.
  test::write_wild_model(here() / "wild.pth", list_folder(here() / "faces").classes, 16);
  const BartResult result = run_bart(here(), command("run", {"--init", "wild.pth"}));
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err,
              testing::ContainsRegex("not finite after step 1 \\(epoch 1, learning rate 0.001\\).*"
                                     "there is no checkpoint yet"));
  EXPECT_FALSE(has_checkpoint("run"));
  EXPECT_FALSE(fs::exists(here() / "run/BART-10M.pth"));
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
  const auto begun = [&] { return run_files("run").contains("begun") && has_checkpoint("run"); };
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
  EXPECT_FALSE(run_files("run").contains("begun"));
}

}  // namespace
}  // namespace bart
