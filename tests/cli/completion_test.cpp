#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "run_bart.h"
#include "suggestion.h"

namespace bart {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

std::vector<std::string> words(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> result;
  for (std::string word; in >> word;) result.push_back(word);
  return result;
}

class Completion : public testing::Test {
 protected:
  const fs::path& here() const { return scratch_.path(); }
  std::string script(const char* shell) const {
    const BartResult result = run_bart(here(), {"completion", shell});
    EXPECT_EQ(result.code, 0) << result.err;
    return result.out;
  }
  /// The completions of bash for these words, of which the last one is being typed.
  std::vector<std::string> completed(const std::string& typed) const {
    std::ofstream(here() / "bart.bash") << script("bash");
    const std::string command =
        "cd '" + here().string() + "' && bash -c 'source ./bart.bash; COMP_WORDS=(bart " + typed +
        "); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _bart; echo \"${COMPREPLY[@]}\"' > out";
    EXPECT_EQ(std::system(command.c_str()), 0);
    return words(file_text(here() / "out"));
  }

  ScratchFolder scratch_;
};

TEST_F(Completion, BashKnowsCommandsFlagsAndValues) {
  EXPECT_THAT(completed("tr"), testing::ElementsAre("train"));
  EXPECT_THAT(completed("train --epo"), testing::ElementsAre("--epochs"));
  EXPECT_THAT(completed("train faces --split gr"), testing::ElementsAre("grouped"));
  EXPECT_THAT(completed("completion f"), testing::ElementsAre("fish"));
  EXPECT_THAT(completed("predict pic"), testing::IsEmpty());  // files are readline's
  EXPECT_THAT(completed("predict --"),
              AllOf(testing::Contains("--top-k"), Not(testing::Contains("--epochs"))));
}

TEST_F(Completion, ZshAndFishNameEveryCommandAndAreTheirLanguage) {
  for (const char* shell : {"zsh", "fish"}) {
    const std::string text = script(shell);
    for (const char* command : {"train", "predict", "evaluate", "explain", "report", "inspect", "completion"})
      EXPECT_THAT(text, HasSubstr(command)) << shell;
    EXPECT_THAT(text, AllOf(HasSubstr("original stratified grouped"), Not(HasSubstr(" man "))));
    std::ofstream(here() / shell) << text;
    const std::string shell_name = shell;
    if (std::system(("command -v " + shell_name + " >/dev/null").c_str()) != 0) continue;
    EXPECT_EQ(std::system((shell_name + " -n '" + (here() / shell).string() + "'").c_str()), 0) << shell;
  }
}

TEST_F(Completion, ManualPagesHoldWhatHelpHolds) {
  const BartResult page = run_bart(here(), {"man", "train"});
  ASSERT_EQ(page.code, 0);
  EXPECT_THAT(page.out, AllOf(testing::StartsWith(".TH BART\\-TRAIN 1 "), HasSubstr("\\fB\\-\\-epochs\\fR"),
                              HasSubstr("original|stratified|grouped"), HasSubstr("bart train faces")));
  EXPECT_THAT(run_bart(here(), {"man"}).out, HasSubstr("\\fBbart\\-explain\\fR(1)"));
  EXPECT_EQ(run_bart(here(), {"man", "nothing"}).code, 2);
}

TEST_F(Completion, MisspeltCommandsAndFlagsGetASuggestion) {
  EXPECT_THAT(run_bart(here(), {"trian"}).err, HasSubstr("did you mean train?"));
  EXPECT_THAT(run_bart(here(), {"trian", "faces"}).err,
              HasSubstr("there is no command trian; did you mean train?"));
  const BartResult flag = run_bart(here(), {"train", "--epoch", "3"});
  EXPECT_EQ(flag.code, 2);
  EXPECT_THAT(flag.err, HasSubstr("did you mean --epochs?"));
  // What other programs call them.
  EXPECT_THAT(run_bart(here(), {"train", "--jobs", "3"}).err, HasSubstr("did you mean --threads?"));
  EXPECT_THAT(run_bart(here(), {"train", "--weights", "x.pth"}).err, HasSubstr("did you mean --init?"));
  EXPECT_THAT(run_bart(here(), {"predict", "--weights=x.pth"}).err, HasSubstr("did you mean --model?"));
  EXPECT_THAT(run_bart(here(), {"train", "--model", "x.pth"}).err, HasSubstr("did you mean --init?"));
  EXPECT_THAT(run_bart(here(), {"predict", "--conf", "0.5"}).err,
              HasSubstr("did you mean --min-probability?"));
  EXPECT_THAT(run_bart(here(), {"xylophone"}).err, Not(HasSubstr("did you mean")));
}

TEST(Nearest, IsAtMostAThirdOfTheLettersAway) {
  const std::vector<std::string> names = {"train", "predict", "inspect"};
  EXPECT_EQ(nearest("tarin", names), "train");
  EXPECT_EQ(nearest("predcit", names), "predict");
  EXPECT_EQ(nearest("insp", names), "inspect");
  EXPECT_EQ(nearest("brain", names), "train");
  EXPECT_EQ(nearest("grammar", names), "");
  EXPECT_EQ(nearest("", names), "");
}

TEST(Quiet, LeavesWarningsAlone) {
  const ScratchFolder scratch;
  ASSERT_EQ(
      run_bart(scratch.path(), {"sample", "faces", "--classes", "2", "--per-class", "5", "--quiet"}).code, 0);
  const std::vector<std::string> train = {"train", "faces", "--image-size", "16", "--epochs", "1",
                                          "--bs",  "8",     "--no-report"};
  std::vector<std::string> quiet = train, verbose = train, both = train;
  quiet.push_back("-q");
  verbose.push_back("--verbose");
  both.insert(both.end(), {"--quiet", "--verbose"});
  // Two steps learn little, which gives a warning, but nothing else is printed.
  std::istringstream said(run_bart(scratch.path(), quiet).err);
  for (std::string line; std::getline(said, line);) EXPECT_THAT(line, HasSubstr(" - WARNING - "));
  EXPECT_THAT(run_bart(scratch.path(), verbose).err, HasSubstr("DEBUG - Val Loss: "));
  EXPECT_EQ(run_bart(scratch.path(), both).code, 2);
}

}  // namespace
}  // namespace bart
