// The first convolutions picture by picture, beside the whole batch at once.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "bart/engine/processor.h"
#include "bart/network/dropout.h"
#include "bart/random/mt19937.h"

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

/// Two steps on n pictures of noise.
Outcome train(int n, EngineOptions options) {
  Mt19937 words(7);
  ProcessorBackend engine(wide(), options);
  engine.load(initial_state(wide(), words));
  constexpr std::size_t picture = 96 * 96 * 3;
  std::vector<std::uint8_t> pixels(static_cast<std::size_t>(n) * picture);
  for (std::uint8_t& value : pixels) value = static_cast<std::uint8_t>(words.next() >> 24);
  std::vector<const std::uint8_t*> pictures;
  std::vector<std::int32_t> labels;
  for (int i = 0; i < n; ++i) {
    pictures.push_back(pixels.data() + static_cast<std::size_t>(i) * picture);
    labels.push_back(i % 5);
  }
  Outcome outcome;
  for (int step = 0; step < 2; ++step) {
    const DropoutMasks masks = draw_dropout_masks(wide(), n, words);
    outcome.losses.push_back(engine.step({.pictures = pictures, .labels = labels}, masks, {}).loss);
  }
  outcome.logits = engine.last_logits();
  outcome.gradients = engine.gradients();
  outcome.state = engine.state();
  return outcome;
}

void expect_equal(const StateDict& a, const StateDict& b) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) EXPECT_TRUE(a[i].values == b[i].values) << a[i].name;
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
    const Outcome at_once = train(n, {.threads = 7, .precision = GetParam()});
    for (const int threads : {1, 2}) {
      SCOPED_TRACE(threads);
      const std::string text = plan(n, threads);
      EXPECT_THAT(text, HasSubstr("block1.0 + block1.3 forward"));
      EXPECT_THAT(text, HasSubstr("block2.1 + ReLU, block2.0 backward"));
      const Outcome by_picture = train(n, {.threads = threads, .precision = GetParam()});
      EXPECT_EQ(by_picture.losses, at_once.losses);
      EXPECT_EQ(by_picture.logits, at_once.logits);
      expect_equal(by_picture.gradients, at_once.gradients);
      expect_equal(by_picture.state, at_once.state);
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
