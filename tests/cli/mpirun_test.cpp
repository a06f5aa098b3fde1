// bart under mpirun, with several processes on this computer.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>
#include <vector>

#include "bart/engine/precision.h"
#include "bart/platform/files.h"
#include "drawn_faces.h"

namespace bart {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;

/// Of Open MPI 4 in Debian 12; Open MPI 5 in Debian 13 has no such flag.
std::string quiet() {
  return std::system("mpirun --version | grep -q ' 4[.]'") == 0 ? "--quiet" : "";
}

class Mpirun : public DrawnFaces {
 protected:
  Mpirun() : DrawnFaces(3, 12) {}

  void SetUp() override {
    if (std::system("mpirun --version >/dev/null 2>&1") != 0) GTEST_SKIP() << "there is no mpirun here";
    DrawnFaces::SetUp();
  }

  /// The command in `here`, with what it prints in the files out and err. `flags` have no characters that the
  /// shell understands. `after` is more for the shell.
  BartResult mpirun(int processes, const std::string& flags, const std::string& after = {}) {
    return mpirun_program(processes, fmt::format("{} {}", BART_PROGRAM, flags), after);
  }
  /// Process 0 with one command, the others with another one. In Open MPI 5.0.7, Debian 13's, mpirun itself
  /// crashes when it is given two programs.
  BartResult mpirun_two(const std::string& flags, const std::string& other_flags) {
    std::ofstream(here() / "each") << fmt::format(
        "#!/bin/sh\ncase $OMPI_COMM_WORLD_RANK in\n0) exec {0} {1} ;;\n*) exec {0} {2} ;;\nesac\n",
        BART_PROGRAM, flags, other_flags);
    fs::permissions(here() / "each", fs::perms::owner_all);
    return mpirun_program(2, "./each", {});
  }
  /// Neither hwloc complains of a system that hides the processor's topology, nor Open MPI of one that has no
  /// network, which processes of one computer do not need.
  BartResult mpirun_program(int processes, const std::string& program, const std::string& after) {
    const std::string command = fmt::format(
        "cd {}; OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 HWLOC_HIDE_ERRORS=2 "
        "OMPI_MCA_btl=^tcp mpirun --oversubscribe {} -n {} {} >out 2>err {}",
        here().string(), quiet(), processes, program, after);
    const int status = std::system(command.c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), file_text(here() / "out"),
            file_text(here() / "err")};
  }
  std::vector<std::uint8_t> model(const std::string& out, const std::string& file = "BART-10M.pth") const {
    return read_file(here() / out / file);
  }
};

// Batches of 10 that do not divide, and a last one of 2 that leaves processes without a picture; an average,
// its settled statistics, a calibration and a best model.
const std::string flags =
    "train faces --image-size 32 --bs 10 --recipe tuned --epochs 4 --average 0.5 --validation-size 0.2 "
    "--best accuracy "
    "--no-report --threads 1 --out ";

const std::string endless = "train faces --image-size 16 --bs 8 --epochs 5000 --no-report --threads 1 --out ";

TEST_F(Mpirun, GivesTheSameBitsForAnyNumberOfProcesses) {
  for (const std::string precision : {"f32", "auto"}) {
    if (precision == "auto" && !multiplies_bf16()) continue;  // it is f32 again
    SCOPED_TRACE(precision);
    const std::string with = fmt::format("train faces --precision {} --deterministic{}alone", precision,
                                         flags.substr(std::string("train faces").size()));
    std::vector<std::string> alone;
    for (std::size_t at = 0; at < with.size();) {
      const std::size_t end = std::min(with.find(' ', at), with.size());
      alone.push_back(with.substr(at, end - at));
      at = end + 1;
    }
    ASSERT_EQ(run_bart(here(), alone).code, 0);
    for (const int processes : {1, 2, 4}) {
      SCOPED_TRACE(processes);
      const BartResult result = mpirun(processes, fmt::format("{}shared --precision {}", flags, precision));
      ASSERT_EQ(result.code, 0) << result.err;
      for (const char* file : {"BART-10M.pth", "BART-10M.best.pth", "BART-10M.last.pth"}) {
        EXPECT_TRUE(model("shared", file) == model("alone", file)) << file;
      }
      EXPECT_EQ(file_text(here() / "shared/bart-run/steps.csv"),
                file_text(here() / "alone/bart-run/steps.csv"));
      // Only one of them tells and writes.
      EXPECT_EQ(result.err.find("Starting training"), result.err.rfind("Starting training"));
    }
  }
}

TEST_F(Mpirun, GoesOnWithAnotherNumberOfProcesses) {
  ASSERT_EQ(mpirun(2, flags + "whole").code, 0);
  ASSERT_EQ(mpirun(4, flags + "parts --max-steps 5").code, 0);
  ASSERT_EQ(mpirun(1, "train --resume --out parts --max-steps 9").code, 0);
  const BartResult result = mpirun(2, "train --resume --out parts --max-steps 0");
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_TRUE(model("parts") == model("whole"));
}

// After an epoch Q is the last process of mpirun, P.
const std::string find_last_process =
    "& P=$!; while kill -0 $P && ! grep -qs Epoch err; do sleep 0.1; done; for Q in $(cat "
    "/proc/$P/task/$P/children); do :; "
    "done; ";

// The others end by themselves, and process 0 has saved.
TEST_F(Mpirun, ASignalToAnyProcessSavesACheckpoint) {
  const BartResult result = mpirun(2, endless + "run", find_last_process + "kill -TERM $Q; wait $P");
  EXPECT_EQ(result.code, 143) << result.err;
  EXPECT_THAT(result.err, AllOf(HasSubstr("Stopped by a signal to another process"),
                                HasSubstr("to continue: bart train --resume --out run")));
}

TEST_F(Mpirun, AStalledProcessEndsTheOthersInTime) {
  const BartResult result = mpirun(2, endless + "run --timeout 2",
                                   find_last_process + "kill -STOP $Q; wait $P; C=$?; kill -9 $Q; exit $C");
  EXPECT_NE(result.code, 0);
  EXPECT_THAT(result.err, AllOf(HasSubstr("no answer from the other processes for 2 seconds"),
                                HasSubstr("(process 0 on ")));
}

// The second computer is this one with other files under the same names: mpirun starts what runs there
// through an agent instead of ssh, and the address, of a network for documentation (RFC 5737), is never used.
TEST_F(Mpirun, NoticesOtherPicturesOnAnotherComputer) {
  if (std::system("unshare -rm true 2>/dev/null") != 0) GTEST_SKIP() << "mounts of its own need a privilege";
  fs::copy(here() / "faces", here() / "others", fs::copy_options::recursive);
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(here() / "others")) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  std::ranges::sort(files);
  fs::copy_file(files.back(), files.front(), fs::copy_options::overwrite_existing);
  scratch_.write("agent", fmt::format("#!/bin/sh\nshift\nexec unshare -rm sh -c \"mount --bind {} {}; $*\"\n",
                                      (here() / "others").string(), (here() / "faces").string()));
  fs::permissions(here() / "agent", fs::perms::owner_all);
  const std::string command = fmt::format(
      "cd {}; OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 mpirun {} --mca plm_rsh_agent {} "
      "--host localhost:1,192.0.2.7:1 -n 2 {} {}run --timeout 60 >out 2>err",
      here().string(), quiet(), (here() / "agent").string(), BART_PROGRAM, flags);
  EXPECT_NE(std::system(command.c_str()), 0);
  EXPECT_THAT(
      file_text(here() / "err"),
      AllOf(HasSubstr("process 1 has other pictures than process 0: of its pictures 1 is not what it was"),
            HasSubstr(files.front().filename().string()), HasSubstr("(process 1 on ")));
  EXPECT_FALSE(fs::exists(here() / "run/BART-10M.pth"));
}

/// Evaluates, classifies and inspects faces, among which a broken picture lies, with a trained model.
class MpirunModel : public Mpirun {
 protected:
  void SetUp() override {
    Mpirun::SetUp();
    if (IsSkipped()) return;
    ASSERT_EQ(train("run", "10"), 0);
    scratch_.write("faces/" + first_class() + "/5x.jpg", "no picture");
  }
  int train(const std::string& out, const std::string& seed) const {
    return train_faces({"--max-steps", "2", "--no-report", "--seed", seed, "--out", out}).code;
  }
  /// The name of the first class, in the order of names.
  std::string first_class() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(here() / "faces")) {
      names.push_back(entry.path().filename());
    }
    return *std::ranges::min_element(names);
  }
  BartResult alone(const std::string& command) const {
    std::istringstream words(command);
    return run_bart(here(), {std::istream_iterator<std::string>(words), {}});
  }
};

/// Lines of the log without their times, and without those of hwloc 2.9, Debian 12's, which complains in each
/// process where the system hides the processor's topology.
std::string without_times(const std::string& log) {
  std::string all, line;
  for (std::istringstream lines(log); std::getline(lines, line);) {
    if (line.starts_with("[hwloc")) continue;
    all += (line.size() > 19 && line[2] == '/' ? line.substr(19) : line) + "\n";
  }
  return all;
}

/// The content of all files in a folder, by their names.
std::map<std::string, std::string> files_in(const fs::path& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) files[fs::relative(entry.path(), folder)] = file_text(entry.path());
  }
  return files;
}

TEST_F(MpirunModel, GivesTheSameOutputsByteForByte) {
  const std::string commands[] = {
      "evaluate faces --model run --csv made/a.csv --confusion made/b.csv --predictions made/c.json",
      "evaluate faces --model run --split test --json",
      "predict faces --recursive --model run --top-k 3 --out made/d.csv --sort-into made/sorted --also run",
      "inspect faces --json --html made/e.html",
  };
  for (const std::string& command : commands) {
    SCOPED_TRACE(command);
    fs::create_directory(here() / "made");
    const BartResult one = alone(command + " --threads 1");
    ASSERT_EQ(one.code, 0) << one.err;
    const auto made = files_in(here() / "made");
    fs::remove_all(here() / "made");
    for (const int processes : {2, 4}) {
      SCOPED_TRACE(processes);
      fs::create_directory(here() / "made");
      const BartResult several = mpirun(processes, command + " --threads 1");
      EXPECT_EQ(several.code, 0);
      EXPECT_EQ(several.out, one.out);
      EXPECT_EQ(without_times(several.err), without_times(one.err));
      EXPECT_TRUE(files_in(here() / "made") == made);
      fs::remove_all(here() / "made");
    }
  }
}

TEST_F(MpirunModel, OneProcessSaysWhatIsWrong) {
  const auto sentences = [](const BartResult& result) {
    std::size_t count = 0;
    for (std::size_t at = 0; (at = result.err.find("bart: ", at)) != std::string::npos; ++at) ++count;
    return count;
  };
  fs::copy(here() / "faces", here() / "others", fs::copy_options::recursive);
  fs::remove(here() / "others" / first_class() / "5x.jpg");
  ASSERT_EQ(train("run2", "11"), 0);
  const struct {
    std::string flags, other_flags;  // empty: four processes with the same
    int code;
    std::string sentence, process;
  } cases[] = {
      {"inspect faces", "inspect others", 1, "other pictures than process 0", "(process 1 on "},
      {"evaluate faces --model run", "evaluate faces --model run2", 1, "another model than process 0",
       "(process 1 on "},
      {"predict faces --recursive --model run", "predict faces --recursive --model none", 1, "none",
       "(process 1 on "},
      {"predict nothing --model run", "", 1, "nothing", "(process 0 on "},
      {"evaluate faces --model run --csv table.json", "", 2, "--csv table.json", "(process 0 on "},
      {"evaluate faces --model run --strict", "", 1, "5x.jpg", "(process "},
  };
  for (const auto& one : cases) {
    SCOPED_TRACE(one.flags);
    const BartResult result =
        one.other_flags.empty() ? mpirun(4, one.flags) : mpirun_two(one.flags, one.other_flags);
    EXPECT_EQ(result.code, one.code);
    EXPECT_THAT(result.err, AllOf(HasSubstr(one.sentence), HasSubstr(one.process)));
    EXPECT_EQ(sentences(result), 1u) << result.err;
    EXPECT_EQ(result.out, "");
  }
}

TEST_F(MpirunModel, AKilledProcessEndsAllAndLeavesTheOutputThatWasThere) {
  fs::create_directory(here() / "many");
  for (int copy = 0; copy < 30; ++copy) {
    fs::copy(here() / "faces", here() / "many" / std::to_string(copy), fs::copy_options::recursive);
  }
  scratch_.write("out.json", "earlier");
  const BartResult result =
      mpirun(2, "predict many --recursive --model run --out out.json",
             "& P=$!; Q=; while kill -0 $P && [ -z \"$R\" ]; do set -- $(cat /proc/$P/task/$P/children); "
             "Q=$1; R=$2; done; kill -9 $R; wait $P");
  EXPECT_NE(result.code, 0);
  EXPECT_EQ(file_text(here() / "out.json"), "earlier");
}

TEST_F(MpirunModel, ProcessZeroReadsStandardInputAlone) {
  scratch_.write("list", "faces/" + first_class() + "/5x.jpg\nrun/inference_images\n");
  const BartResult result = mpirun(2, "predict - --model run --format csv --out -", "<list");
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("inference_images"));
}

TEST_F(Mpirun, GivesOtherCommandsToOneProcess) {
  const BartResult result = mpirun(2, "recipe tuned");
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.out, run_bart(here(), {"recipe", "tuned"}).out);
}

TEST_F(Mpirun, SaysWhatIsImpossible) {
  const BartResult three = mpirun(3, flags + "run");
  EXPECT_NE(three.code, 0);
  EXPECT_THAT(three.err, HasSubstr("by 1, 2, 4 or 8 processes, not by 3"));
  const BartResult exact = mpirun(2, flags + "run --precision f32 --exact");
  EXPECT_NE(exact.code, 0);
  EXPECT_THAT(exact.err, AllOf(HasSubstr("--exact is for one process"), HasSubstr("(process 0 on ")));
  EXPECT_FALSE(fs::exists(here() / "run/BART-10M.pth"));
  ASSERT_EQ(
      run_bart(here(), {"train", "faces", "--image-size", "16", "--max-steps", "1", "--out", "single"}).code,
      0);
  const BartResult single = mpirun(2, "train --resume --out single");
  EXPECT_NE(single.code, 0);
  EXPECT_THAT(single.err, HasSubstr("began on one process without --deterministic"));
}

}  // namespace
}  // namespace bart
