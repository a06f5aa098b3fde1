// A training that a signal ends, or whose output nobody reads, saves a checkpoint and says how to go on.
#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "bart/dataset/listing.h"
#include "bart/platform/files.h"
#include "resume_fixture.h"
#include "wild_model.h"

namespace bart {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

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
                                     {SIGXCPU, "SIGXCPU (the limit on processor time)"},
                                     {SIGALRM, "SIGALRM (a timer)"},
                                     {SIGVTALRM, "SIGVTALRM (a timer of processor time)"},
                                     {SIGPROF, "SIGPROF (a timer of processor time)"}}) {
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
    EXPECT_EQ(run_bart(here(), resume("run", {"--max-steps", steps_done(here() / "run")})).code, 0);
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
  EXPECT_EQ(
      run_bart(here(), resume("run", {"--epochs", "1000000", "--max-steps", steps_done(here() / "run")}))
          .code,
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
  EXPECT_EQ(run_bart(here(), resume("run", {"--max-steps", steps_done(here() / "run")})).code, 0);
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

}  // namespace
}  // namespace bart
