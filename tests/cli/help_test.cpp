#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <string>

#include "run_bart.h"

namespace bart {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;

TEST(Help, EveryCommandShowsExamples) {
  const ScratchFolder scratch;
  for (const char* command :
       {"train", "predict", "evaluate", "explain", "report", "compare", "export", "convert", "audit", "apply",
        "lr-find", "tune", "bench", "summary", "sample", "recipe", "serve"}) {
    const BartResult result = run_bart(scratch.path(), {command, "--help"});
    EXPECT_EQ(result.code, 0) << command;
    EXPECT_THAT(result.out, HasSubstr(std::string("  bart ") + command)) << command;
    EXPECT_EQ(result.err, "");
  }
}

TEST(Help, ACommandWithTheTunedRecipeShowsItsDefaults) {
  const ScratchFolder scratch;
  for (const char* command : {"audit", "tune"}) {
    const BartResult result = run_bart(scratch.path(), {command, "--help"});
    // CLI11 2.1 of Debian 12 writes FLOAT=0.002, CLI11 2.4 of Debian 13 FLOAT [0.002].
    const auto has_default = [](const std::string& flag, const std::string& value) {
      return testing::AnyOf(HasSubstr(flag + "=" + value), HasSubstr(flag + " [" + value));
    };
    EXPECT_THAT(result.out, has_default("FLOAT", "0.002")) << command;
    EXPECT_THAT(result.out, has_default("", "mirror=0.5,")) << command;
    EXPECT_THAT(result.out, has_default("--epochs INT", std::string(command) == "audit" ? "20" : "25"));
  }
}

TEST(Help, TheProgramNamesItsCommands) {
  const ScratchFolder scratch;
  const BartResult result = run_bart(scratch.path(), {"--help"});
  EXPECT_EQ(result.code, 0);
  for (const char* command :
       {"train", "predict", "evaluate", "explain", "report", "compare", "export", "convert", "audit", "apply",
        "lr-find", "tune", "bench", "summary", "sample", "recipe", "serve"})
    EXPECT_THAT(result.out, HasSubstr(command));
}

TEST(Help, FitsTheTerminalAndLosesNoWord) {
  const ScratchFolder scratch;
  const auto words = [](const std::string& text) {
    std::string joined;  // a long value may be broken after a comma
    for (const char c : text) {
      if (c != ' ' && c != '\n') joined += c;
    }
    return joined;
  };
  for (const char* command : {"train", "predict", "serve", "explain", "tune", "sample"}) {
    const std::string whole = run_bart(scratch.path(), {command, "--help"}).out;
    for (const char* columns : {"50", "80", "120"}) {
      const BartResult fitted =
          run_bart(scratch.path(), {command, "--help"}, {.environment = {{"COLUMNS", columns}}});
      EXPECT_EQ(words(fitted.out), words(whole)) << command << columns;
      std::istringstream lines(fitted.out);
      for (std::string line; std::getline(lines, line);) {
        EXPECT_LE(line.size(), std::stoul(columns)) << command << ": " << line;
      }
    }
  }
  const std::string narrow =
      run_bart(scratch.path(), {"predict", "--help"}, {.environment = {{"COLUMNS", "80"}}}).out;
  EXPECT_THAT(narrow,
              HasSubstr("  --every FLOAT               Seconds between the frames that are taken from a\n"
                        "                              video (default: all frames)\n"));
}

TEST(Help, VersionIsALine) {
  const ScratchFolder scratch;
  const BartResult result = run_bart(scratch.path(), {"--version"});
  EXPECT_EQ(result.code, 0);
  EXPECT_THAT(result.out, MatchesRegex("bart [0-9]+\\.[0-9]+\\.[0-9]+\n"));
}

TEST(Summary, CountsTheOriginalsParameters) {
  const ScratchFolder scratch;
  const BartResult result = run_bart(scratch.path(), {"summary"});
  EXPECT_EQ(result.code, 0);
  for (const char* count : {"10,272", "55,680", "221,952", "886,272", "8,531,242", "9,705,418"}) {
    EXPECT_THAT(result.out, HasSubstr(count));
  }
}

TEST(Summary, PrintsTheArena) {
  const ScratchFolder scratch;
  const BartResult result = run_bart(scratch.path(), {"summary", "--plan", "--bs", "4", "--classes", "5"});
  EXPECT_EQ(result.code, 0);
  EXPECT_THAT(result.out, HasSubstr("arena"));
}

}  // namespace
}  // namespace bart
