#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "run_bart.h"

namespace bart {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

/// bart bench of a network that takes no time.
BartResult bench(const std::filesystem::path& folder, std::vector<std::string> flags) {
  flags.insert(flags.begin(), {"bench", "--image-size", "16", "--bs", "2", "--classes", "3", "--threads", "1",
                               "--rounds", "1", "--quick"});
  return run_bart(folder, flags);
}

TEST(Bench, JsonHoldsEveryPart) {
  const ScratchFolder scratch;
  const BartResult result = bench(scratch.path(), {"--json"});
  ASSERT_EQ(result.code, 0) << result.err;
  const json report = json::parse(result.out);
  EXPECT_EQ(report["batch_size"], 2);
  EXPECT_EQ(report["threads"], 1);
  EXPECT_NE(report["cpu"], "");
  ASSERT_EQ(report["precisions"].size(), report["multiplies_bf16"] ? 2u : 1u);
  EXPECT_EQ(report["precisions"][0]["precision"], "f32");
  for (const json& precision : report["precisions"]) {
    const double seconds = precision["training"]["step_seconds"];
    EXPECT_GT(seconds, 0);
    EXPECT_DOUBLE_EQ(precision["training"]["images_per_second"], 2 / seconds);
    EXPECT_GT(precision["training"]["peak_memory_bytes"], 1e6);
    EXPECT_GT(precision["inference"]["images_per_second"], 0);
    EXPECT_GT(precision["one_picture"]["seconds"], 0);
    for (const char* plan : {"training_plan", "inference_plan"}) {
      const json& limit = precision[plan]["limit"];
      EXPECT_GE(limit["seconds"], limit["kernel_seconds"]);
      EXPECT_GT(limit["kernel_seconds"], 0);
      EXPECT_FALSE(precision[plan]["operations"].empty());
      if (!precision[plan]["bound_seconds"].is_null()) {
        EXPECT_GT(precision[plan]["bound_seconds"], 0);
      }
    }
  }
  EXPECT_GT(report["copy_bytes_per_second"], 1e6);
  ASSERT_EQ(report["pictures"].size(), 1u);
  EXPECT_EQ(report["pictures"][0]["pictures"], 20);
  EXPECT_GT(report["pictures"][0]["pictures_per_second"], 0);
  EXPECT_GT(report["start_up_seconds"], 0);
  EXPECT_TRUE(std::filesystem::is_empty(scratch.path()));
}

TEST(Bench, MeasuresThePartsThatAreNamed) {
  const ScratchFolder scratch;
  ASSERT_EQ(run_bart(scratch.path(), {"sample", "faces", "--classes", "2", "--per-class", "3"}).code, 0);
  const BartResult result = bench(scratch.path(), {"--json", "--only", "pictures", "--pictures", "faces"});
  ASSERT_EQ(result.code, 0) << result.err;
  const json report = json::parse(result.out);
  EXPECT_EQ(report["pictures"][0]["pictures"], 6);
  EXPECT_TRUE(report["precisions"].empty());
  EXPECT_FALSE(report.contains("start_up_seconds"));
}

TEST(Bench, PrintsTheOperationsWhereAsked) {
  const ScratchFolder scratch;
  const BartResult with = bench(scratch.path(), {"--only", "limit", "--precision", "f32", "--operations"});
  ASSERT_EQ(with.code, 0) << with.err;
  EXPECT_THAT(with.out, AllOf(HasSubstr("the limit"), HasSubstr("\nTraining in f32\n"), HasSubstr("GFLOP/s"),
                              HasSubstr("\nblock1.0 backward weights ")));
  const BartResult without = bench(scratch.path(), {"--only", "inference", "--precision", "f32"});
  EXPECT_THAT(without.out,
              AllOf(HasSubstr("Inference "), Not(HasSubstr("limit")), Not(HasSubstr("GFLOP/s"))));
}

TEST(Bench, NamesWhatItCannotMeasure) {
  const ScratchFolder scratch;
  const std::vector<std::pair<std::vector<std::string>, std::string>> mistakes = {
      {{"bench", "--bs", "0"}, "--bs must be at least 1"},
      {{"bench", "--classes", "1"}, "--classes must be at least 2"},
      {{"bench", "--image-size", "100"}, "--image-size must be a multiple of 16"},
      {{"bench", "--threads", "-1"}, "--threads must be from 1 to 1024"},
      {{"bench", "--rounds", "0"}, "--rounds must be at least 1"},
      {{"bench", "--precision", "f16"}, "--precision"},
      {{"bench", "--only", "everything"}, "--only"},
      {{"bench", "--scale", "--only", "start"}, "--scale"}};
  for (const auto& [arguments, words] : mistakes) {
    const BartResult result = run_bart(scratch.path(), arguments);
    EXPECT_EQ(result.code, 2) << testing::PrintToString(arguments);
    EXPECT_THAT(result.err, HasSubstr(words));
  }
  const BartResult result =
      run_bart(scratch.path(), {"bench", "--only", "pictures", "--pictures", "nowhere"});
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err, HasSubstr("nowhere"));
}

}  // namespace
}  // namespace bart
