// The first convolutions picture by picture, beside the whole batch at once.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "bart/engine/processor.h"
#include "noise_training.h"

namespace bart {
namespace {

using testing::HasSubstr;
using testing::Not;

/// Both convolutions of the first two blocks have activations larger than their filters.
Architecture wide() {
  return {
      .classes = 5, .image_size = 96, .blocks = {{16, 0.25}, {16, 0.25}, {32, 0.4}}, .hidden = {{24, 0.5}}};
}

struct Outcome {
  std::vector<float> losses, logits;
  StateDict gradients, state;
};

/// Two steps.
Outcome train(const test::Training& setup, const EngineOptions& options) {
  ProcessorBackend engine(setup.architecture, options);
  engine.load(setup.state);
  Outcome outcome;
  for (int step = 0; step < 2; ++step)
    outcome.losses.push_back(engine.step(setup.batch(), setup.masks, {}).loss);
  outcome.logits = engine.last_logits();
  outcome.gradients = engine.gradients();
  outcome.state = engine.state();
  return outcome;
}

class ByPicture : public testing::TestWithParam<Precision> {
 protected:
  void SetUp() override {
    if (GetParam() == Precision::bf16 && !runs_bf16())
      GTEST_SKIP() << "this processor has no kernels for bf16";
  }
  std::string plan(int n, int threads) const {
    return ProcessorBackend(wide(), {.threads = threads, .precision = GetParam()}).describe_plan(n, true);
  }
};

// Of 19 pictures a thread takes two in a row, and the last one alone. Seven threads cannot share them evenly.
TEST_P(ByPicture, GivesTheBitsOfTheBatchAtOnce) {
  if (plan(16, 1).find("bart winograd") == std::string::npos)
    GTEST_SKIP() << "this processor has no kernels of Winograd's algorithm";
  for (const int n : {16, 19, 32}) {
    SCOPED_TRACE(n);
    EXPECT_THAT(plan(n, 7), Not(HasSubstr("picture by picture")));
    const test::Training setup(wide(), n);
    const Outcome at_once = train(setup, {.threads = 7, .precision = GetParam()});
    for (const int threads : {1, 2}) {
      SCOPED_TRACE(threads);
      const std::string text = plan(n, threads);
      EXPECT_THAT(text, HasSubstr("block1.0 + block1.3 forward"));
      EXPECT_THAT(text, HasSubstr("block2.1 + ReLU, block2.0 backward"));
      const Outcome by_picture = train(setup, {.threads = threads, .precision = GetParam()});
      EXPECT_EQ(by_picture.losses, at_once.losses);
      EXPECT_EQ(by_picture.logits, at_once.logits);
      test::expect_equal(by_picture.gradients, at_once.gradients);
      test::expect_equal(by_picture.state, at_once.state);
    }
  }
}

TEST_P(ByPicture, IsNotForFewPicturesNorForSlicesOfABatch) {
  EXPECT_THAT(plan(15, 1), Not(HasSubstr("picture by picture")));
  const ProcessorBackend sliced(wide(), {.threads = 1, .precision = GetParam(), .slices = 8});
  EXPECT_THAT(sliced.describe_plan(32, true), Not(HasSubstr("picture by picture")));
}

INSTANTIATE_TEST_SUITE_P(Both, ByPicture, testing::Values(Precision::f32, Precision::bf16),
                         [](const auto& param) { return param.param == Precision::f32 ? "f32" : "bf16"; });

}  // namespace
}  // namespace bart
