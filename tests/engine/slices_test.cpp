// Batches that are cut into slices and shared by several processes, here threads with an engine each.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <thread>

#include "bart/engine/processor.h"
#include "bart/network/dropout.h"
#include "bart/platform/error.h"
#include "bart/random/mt19937.h"
#include "thread_group.h"

namespace bart {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

Architecture architecture() {
  return {.classes = 5, .image_size = 32, .blocks = {{32, 0.25}, {64, 0.4}}, .hidden = {{48, 0.5}}};
}

/// Batches of noise.
struct Batches {
  std::vector<std::vector<std::uint8_t>> pixels;
  std::vector<std::vector<std::int32_t>> labels;
  std::vector<DropoutMasks> masks;
  StateDict state;

  explicit Batches(std::initializer_list<int> sizes) {
    Mt19937 words(3);
    state = initial_state(architecture(), words);
    for (const int n : sizes) {
      pixels.emplace_back(static_cast<std::size_t>(n * 32 * 32 * 3));
      for (std::uint8_t& value : pixels.back()) value = static_cast<std::uint8_t>(words.next() >> 24);
      labels.emplace_back();
      for (int i = 0; i < n; ++i) labels.back().push_back(static_cast<std::int32_t>(words.next() % 5));
      masks.push_back(draw_dropout_masks(architecture(), n, words));
    }
  }
};

struct Outcome {
  StateDict state, gradients;
  std::vector<float> losses, logits;
};

/// Trains on the batches. The pixels of other processes' pictures are not there.
Outcome train(const Batches& batches, EngineOptions options) {
  ProcessorBackend engine(architecture(), options);
  engine.load(batches.state);
  Outcome outcome;
  for (std::size_t b = 0; b < batches.pixels.size(); ++b) {
    const auto n = static_cast<std::int64_t>(batches.labels[b].size());
    const OwnPictures own = own_pictures(n, options.slices, options.group);
    std::vector<const std::uint8_t*> pictures(static_cast<std::size_t>(n));
    for (std::int64_t i = own.first; i < own.end; ++i) {
      pictures[static_cast<std::size_t>(i)] = batches.pixels[b].data() + i * 32 * 32 * 3;
    }
    const std::vector<float> weights{1, 2, 0.5f, 1, 3};
    const Batch batch{
        .pictures = pictures, .labels = batches.labels[b], .class_weights = weights, .label_smoothing = 0.1};
    outcome.losses.push_back(engine.step(batch, batches.masks[b], {.clip_norm = 1}).loss);
    outcome.logits = engine.last_logits();
  }
  outcome.state = engine.state();
  outcome.gradients = engine.gradients();
  return outcome;
}

std::vector<Outcome> train_by(int processes, const Batches& batches, EngineOptions options) {
  std::vector<Outcome> outcomes(static_cast<std::size_t>(processes));
  test::play(processes, [&](Group& group) {
    EngineOptions own = options;
    own.group = &group;
    outcomes[static_cast<std::size_t>(group.rank())] = train(batches, own);
  });
  return outcomes;
}

void expect_same(const Outcome& a, const Outcome& b) {
  EXPECT_EQ(a.losses, b.losses);
  EXPECT_EQ(a.logits, b.logits);
  ASSERT_EQ(a.state.size(), b.state.size());
  for (std::size_t i = 0; i < a.state.size(); ++i) {
    EXPECT_TRUE(a.state[i].values == b.state[i].values) << a.state[i].name;
  }
}

class Slices : public testing::TestWithParam<Precision> {
 protected:
  void SetUp() override {
    if (GetParam() == Precision::bf16 && !runs_bf16())
      GTEST_SKIP() << "this processor has no kernels for bf16";
  }
};

// 11 and 5 do not divide, 3 leaves processes without a picture, and so does 1.
TEST_P(Slices, GiveTheSameBitsForAnyNumberOfProcessesAndThreads) {
  const Batches batches{16, 11, 5, 3, 1, 16};
  EngineOptions options{.threads = 1, .precision = GetParam(), .slices = 8};
  const Outcome alone = train(batches, options);
  options.threads = 3;
  expect_same(train(batches, options), alone);
  options.threads = 1;
  for (const int processes : {1, 2, 4, 8}) {
    SCOPED_TRACE(processes);
    for (const Outcome& outcome : train_by(processes, batches, options)) expect_same(outcome, alone);
  }
}

TEST_P(Slices, ComputeTheStepOfAWholeBatch) {
  const Batches batches{13};
  const Outcome cut = train(batches, {.threads = 2, .precision = GetParam(), .slices = 8});
  const Outcome whole = train(batches, {.threads = 2, .precision = GetParam()});
  // Sums are made in another order, and the rest follows. Activations in bf16 may then be rounded to the next
  // number, 2^-8 apart; many of them are averaged in a gradient.
  const double tolerance = GetParam() == Precision::f32 ? 1e-5 : 1e-2;
  EXPECT_NEAR(static_cast<double>(cut.losses[0]), static_cast<double>(whole.losses[0]), tolerance);
  for (std::size_t t = 0; t < whole.gradients.size(); ++t) {
    const auto a = cut.gradients[t].floats();
    const auto b = whole.gradients[t].floats();
    double difference = 0, norm = 0;
    for (std::size_t i = 0; i < b.size(); ++i) {
      const auto truth = static_cast<double>(b[i]);
      difference += std::pow(static_cast<double>(a[i]) - truth, 2);
      norm += truth * truth;
    }
    EXPECT_LE(std::sqrt(difference), tolerance * std::sqrt(norm)) << whole.gradients[t].name;
  }
}

TEST(SlicesOfABatch, SayWhatIsImpossible) {
  const auto engine = [](EngineOptions options) {
    return [=] { ProcessorBackend(architecture(), options); };
  };
  EXPECT_THAT(engine({.slices = 3}), ThrowsMessage<Error>(HasSubstr("cannot be cut into 3 slices")));
  EXPECT_THAT(engine({.slices = 32}), ThrowsMessage<Error>(HasSubstr("a power of two up to 16")));
  EXPECT_THAT(engine({.slices = 0}), ThrowsMessage<Error>(HasSubstr("cannot be cut into 0 slices")));
  EXPECT_THAT(engine({.exact = true, .slices = 8}), ThrowsMessage<Error>(HasSubstr("exact")));
  test::Meeting meeting(3);
  test::ThreadGroup group(meeting, 0);
  EXPECT_THAT(engine({.slices = 8, .group = &group}), ThrowsMessage<Error>(HasSubstr("3 processes")));
}

INSTANTIATE_TEST_SUITE_P(Both, Slices, testing::Values(Precision::f32, Precision::bf16),
                         [](const auto& test) { return test.param == Precision::f32 ? "f32" : "bf16"; });

}  // namespace
}  // namespace bart
