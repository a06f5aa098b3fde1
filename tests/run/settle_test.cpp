#include "bart/run/settle.h"
#include "bart/platform/lies_in.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bart/cuda/open_gpu.h"
#include "bart/engine/engine.h"
#include "bart/platform/threads.h"

namespace bart {
namespace {

TEST(Settle, DecidesWhatWasLeftOpenOnce) {
  const SettledSettings settled = settle({});
  EXPECT_EQ(settled.values.threads, available_threads());
  EXPECT_EQ(settled.values.precision, multiplies_bf16() ? "bf16" : "f32");
  EXPECT_EQ(settled.training.threads, settled.values.threads);
  EXPECT_FALSE(settled.training.max_steps.has_value());
  const SettledSettings again = settle(settled.values);
  EXPECT_EQ(again.values, settled.values);
}

TEST(Settle, TakesWhatWasAskedFor) {
  RunSettings asked;
  asked.threads = 3;
  asked.deterministic = true;
  asked.exact = true;
  asked.max_steps = 7;
  asked.class_weights = "balanced";
  asked.cache = "pixels";
  const SettledSettings settled = settle(asked);
  EXPECT_EQ(settled.values.threads, 3);
  EXPECT_EQ(settled.training.threads, 4);
  EXPECT_EQ(settled.values.precision, "f32");
  EXPECT_EQ(settled.training.max_steps, 7);
  EXPECT_TRUE(settled.training.balanced_classes);
  EXPECT_TRUE(std::filesystem::path(settled.values.cache).is_absolute());
}

TEST(Settle, RefusesWhatDoesNotGoTogether) {
  RunSettings asked;
  asked.exact = true;
  asked.precision = "bf16";
  try {
    settle(asked);
    ADD_FAILURE();
  } catch (const SettingError& error) {
    EXPECT_EQ(error.with_flags(), "--exact trains in f32: leave --precision bf16 out");
    EXPECT_STREQ(error.what(), "exact trains in f32: leave precision bf16 out");
  }
}

TEST(Settle, ResultsDoNotGoToStdout) {
  try {
    check_out("-", {"faces"});
    ADD_FAILURE();
  } catch (const SettingError& error) {
    EXPECT_THAT(error.with_flags(), testing::HasSubstr("--out - is not stdout"));
  }
  EXPECT_NO_THROW(check_out("./-", {"faces"}));
}

// These tests lie where there is no plugin, so that there is no GPU for them. tests/cli/device_test.cpp asks
// the program with one.
TEST(Settle, TakesTheProcessorWhereThereIsNoGpu) {
  RunSettings asked;
  asked.precision = "tf32";
  const SettledSettings settled = settle(asked);
  EXPECT_EQ(settled.values.device, "cpu");
  EXPECT_EQ(settled.training.device, nullptr);
  EXPECT_EQ(settled.values.precision, "f32");
  EXPECT_TRUE(settled.warnings.empty());
  asked.device = "cuda";
  EXPECT_THROW(settle(asked), NoGpuError);
  asked.exact = true;
  asked.precision = "auto";
  EXPECT_THROW(settle(asked), SettingError);
}

TEST(LiesIn, SeesThroughDotsAndMissingFolders) {
  EXPECT_TRUE(lies_in("a/b", "a"));
  EXPECT_TRUE(lies_in("a/../a/b/../c", "./a"));
  EXPECT_TRUE(lies_in("new", "."));
  EXPECT_TRUE(lies_in("a", "a"));
  EXPECT_FALSE(lies_in("ab", "a"));
  EXPECT_FALSE(lies_in("a", "a/b"));
}

}  // namespace
}  // namespace bart
