#include "bart/record/run_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bart/platform/error.h"
#include "scratch_folder.h"

namespace bart {
namespace {

namespace fs = std::filesystem;

TEST(FindRun, TakesEverySpellingOfTheFolderAndOfItsRecord) {
  const test::ScratchFolder scratch;
  scratch.write("run/bart-run/run.json", "{}");
  const fs::path run = scratch.path() / "run";
  for (const char* name :
       {"", "bart-run", "bart-run/", ".", "./", "bart-run/.", "bart-run/..", "../run/bart-run"}) {
    const RunFolder found = find_run(run / name);
    EXPECT_TRUE(fs::equivalent(found.results(), run)) << name;
    EXPECT_TRUE(fs::equivalent(found.record(), run / "bart-run")) << name;
  }
  const fs::path before = fs::current_path();
  fs::current_path(run / "bart-run");
  for (const char* name : {".", "..", "./"})
    EXPECT_TRUE(fs::equivalent(find_run(name).results(), run)) << name;
  fs::current_path(before);
}

TEST(FindRun, NamesAFolderThatHoldsNone) {
  const test::ScratchFolder scratch;
  EXPECT_THAT([&] { find_run(scratch.path()); },
              testing::ThrowsMessage<Error>(testing::HasSubstr("holds no training")));
}

}  // namespace
}  // namespace bart
