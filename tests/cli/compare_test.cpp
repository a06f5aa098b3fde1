#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>
#include <vector>

#include "run_bart.h"

namespace bart {
namespace {

using testing::AllOf;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

class CompareDrawn : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    scratch_ = new ScratchFolder;
    ASSERT_EQ(run_bart(here(), {"sample", "faces", "--classes", "3", "--per-class", "8"}).code, 0);
    for (const char* seed : {"1", "2"}) {
      const BartResult result =
          run_bart(here(), {"train", "faces", "--image-size", "32", "--bs", "8", "--epochs", "2", "--seed",
                            seed, "--out", std::string("run") + seed});
      ASSERT_EQ(result.code, 0) << result.err;
    }
  }
  static void TearDownTestSuite() { delete scratch_; }
  static const std::filesystem::path& here() { return scratch_->path(); }

 private:
  static inline ScratchFolder* scratch_ = nullptr;
};

TEST_F(CompareDrawn, PutsRunsIntoAlignedColumns) {
  const BartResult result = run_bart(here(), {"compare", "run1", "run2/bart-run"});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, AllOf(HasSubstr("run1"), HasSubstr("run2/bart-run"),
                                ContainsRegex("\nSeed !  .* 2\n"), ContainsRegex("\nPictures  .*24"),
                                ContainsRegex("\nValidation accuracy, best "), Not(HasSubstr("\x1b"))));
  std::istringstream lines(result.out);
  std::string line;
  std::getline(lines, line);
  const std::size_t second = line.find("run2/bart-run");
  while (std::getline(lines, line)) {
    if (line.empty()) continue;
    EXPECT_EQ(line[second - 1], ' ') << line;
    EXPECT_NE(line[second], ' ') << line;
  }
}

TEST_F(CompareDrawn, NeedsNoStandardErrorForItsNotes) {
  const std::vector<std::string> arguments = {"compare", "run1", "run2"};
  const BartResult open = run_bart(here(), arguments);
  EXPECT_NE(open.err, "");  // the runs have different seeds
  const BartResult closed = run_bart(here(), arguments, {.in_child = [] { ::close(STDERR_FILENO); }});
  EXPECT_EQ(closed.code, 0);
  EXPECT_EQ(closed.out, open.out);
}

TEST_F(CompareDrawn, FitsTheWidth) {
  ASSERT_EQ(::setenv("COLUMNS", "60", 1), 0);
  const BartResult result = run_bart(here(), {"compare", "run1", "run2", "run1", "run2"});
  ::unsetenv("COLUMNS");
  ASSERT_EQ(result.code, 0) << result.err;
  std::istringstream lines(result.out);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 60u) << line;
}

TEST_F(CompareDrawn, JsonHoldsTheHistoryOfEach) {
  const BartResult result = run_bart(here(), {"compare", "run1", "run2", "--json"});
  ASSERT_EQ(result.code, 0) << result.err;
  const auto runs = nlohmann::json::parse(result.out);
  ASSERT_EQ(runs.size(), 2u);
  EXPECT_EQ(runs[0]["history"].size(), 2u);
  EXPECT_EQ(runs[0]["history"],
            nlohmann::json::parse(file_text(here() / "run1" / "bart-run" / "history.json")));
  EXPECT_EQ(runs[1]["seed"], 2);
}

TEST_F(CompareDrawn, MarksNothingAmongRunsThatWereMeasuredOnOtherPictures) {
  namespace fs = std::filesystem;
  const auto train = [](const std::string& data, const std::string& out, const std::string& size) {
    const BartResult result =
        run_bart(here(), {"train", data, "--image-size", size, "--bs", "8", "--epochs", "1", "--lr",
                          out == "as_before" ? "0.01" : "0.001", "--out", out});
    EXPECT_EQ(result.code, 0) << result.err;
  };
  const auto differ = [](const std::string& one, const std::string& other) {
    const BartResult result = run_bart(here(), {"compare", one, other});
    return (result.out + result.err).find("measured on different pictures") != std::string::npos;
  };
  const fs::path faces = here() / "faces";
  // The same pictures under names in another order, so that others are drawn for testing.
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(faces)) {
    if (entry.is_regular_file()) files.push_back(entry.path().lexically_relative(faces));
  }
  for (const fs::path& file : files) {
    std::string name = file.filename().string();  // pic_0000.jpg, …, of which the last becomes the first
    char& digit = name[name.find('.') - 1];
    digit = static_cast<char>('0' + '7' - digit);
    const fs::path to = here() / "renamed" / file.parent_path() / name;
    fs::create_directories(to.parent_path());
    fs::copy(faces / file, to);
  }
  std::ranges::sort(files);
  // A picture that has moved to another class.
  fs::copy(faces, here() / "moved", fs::copy_options::recursive);
  fs::rename(here() / "moved" / files.front(), here() / "moved" / files.back().parent_path() / "moved.jpg");
  train("faces", "first", "16");
  train("faces", "as_before", "16");
  fs::copy(faces, here() / "elsewhere", fs::copy_options::recursive);
  train("elsewhere", "larger", "32");
  train("renamed", "other_split", "16");
  train("moved", "other_label", "16");
  EXPECT_FALSE(differ("first", "as_before"));
  EXPECT_FALSE(differ("first", "larger"));
  EXPECT_TRUE(differ("first", "other_split"));
  EXPECT_TRUE(differ("larger", "other_split"));
  EXPECT_TRUE(differ("first", "other_label"));
}

TEST_F(CompareDrawn, AFolderWithoutATrainingIsNamed) {
  const BartResult result = run_bart(here(), {"compare", "run1", "faces"});
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err, HasSubstr("faces holds no training"));
}

TEST_F(CompareDrawn, ShowsEverySettingThatDecidesTheResult) {
  ASSERT_EQ(run_bart(here(), {"train",
                              "faces",
                              "--image-size",
                              "32",
                              "--bs",
                              "8",
                              "--epochs",
                              "1",
                              "--no-report",
                              "--clip-norm",
                              "0.5",
                              "--class-weights",
                              "balanced",
                              "--init",
                              "run1/BART-10M.pth",
                              "--deterministic",
                              "--best",
                              "macro-f1",
                              "--seed",
                              "1",
                              "--out",
                              "all"})
                .code,
            0);
  const BartResult result = run_bart(here(), {"compare", "run1", "all"});
  ASSERT_EQ(result.code, 0) << result.err;
  for (const char* row : {"\nGradient clipping !  +none +0.5\n", "\nClass weights !  +none +balanced\n",
                          "\nDeterministic !  +no +yes\n", "\nInitial model !  +none +run1/BART-10M.pth\n",
                          "\nBest model by !  +not kept +macro-f1\n"}) {
    EXPECT_THAT(result.out, ContainsRegex(row));
  }
}

TEST_F(CompareDrawn, MarksNoBestAcrossDifferentDataAndNoRunWithoutAStep) {
  ASSERT_EQ(run_bart(here(), {"sample", "more", "--classes", "3", "--per-class", "9"}).code, 0);
  const auto train = [&](const char* data, const char* out, std::vector<std::string> more) {
    more.insert(more.begin(),
                {"train", data, "--image-size", "32", "--bs", "8", "--no-report", "--out", out});
    ASSERT_EQ(run_bart(here(), more).code, 0);
  };
  train("more", "other", {"--epochs", "1"});
  const BartResult other = run_bart(here(), {"compare", "run1", "other"});
  EXPECT_THAT(other.err, HasSubstr("measured on different pictures"));
  EXPECT_THAT(other.out,
              Not(ContainsRegex("\n(Validation accuracy|Macro F1|Validation loss|Training loss)[^\n]*\\*")));
  train("faces", "validated", {"--epochs", "1", "--validation-size", "0.3"});
  const BartResult validated = run_bart(here(), {"compare", "run1", "validated"});
  EXPECT_THAT(validated.err, HasSubstr("measured on different pictures"));
  EXPECT_THAT(validated.out, ContainsRegex("\nValidated on !  +the test pictures"));
  train("faces", "untrained", {"--epochs", "0"});
  EXPECT_THAT(run_bart(here(), {"compare", "run1", "untrained"}).out,
              AllOf(Not(ContainsRegex("\nTime[^\n]*\\*")), ContainsRegex("\nTime  +[0-9:]+ +-\n")));
}

}  // namespace
}  // namespace bart
