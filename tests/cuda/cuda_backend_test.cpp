// What the CUDA backend does in a step, beside the processor's backend.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "bart/engine/processor.h"
#include "bart/platform/error.h"
#include "cuda_fixture.h"
#include "referee/cases.h"

namespace bart::cuda {
namespace {

const Architecture small{
    .classes = 5, .image_size = 16, .blocks = {{20, 0.25}, {40, 0.4}}, .hidden = {{24, 0.5}, {12, 0}}};
constexpr int n = 6;

/// Two backends with the same weights.
struct Pair {
  ProcessorBackend processor{small, {.threads = 1, .exact = true}};
  CudaBackend gpu{stand_in_context(), small, Precision::f32, Precision::f32};
  Mt19937 words{7};

  Pair() {
    const StateDict start = initial_state(small, words);
    processor.load(start);
    gpu.load(start);
  }
};

// Both are float32 and so some 1e-6 from the truth; Adam makes steps of about the size of the learning rate
// out of gradients of any size, so that a gradient's rounding counts by its share of a thousandth of a
// weight's size.
constexpr double tolerance = 2e-5;

void expect_alike(const StateDict& values, const StateDict& truth) {
  for (const Tensor& tensor : truth) {
    const Tensor* found = find_tensor(values, tensor.name);
    ASSERT_NE(found, nullptr) << tensor.name;
    if (!std::holds_alternative<std::vector<float>>(tensor.values)) {
      EXPECT_EQ(found->values, tensor.values) << tensor.name;
    } else if (!test::is_noise(tensor.name)) {
      EXPECT_LT(distance(found->floats(), tensor.floats()), tolerance) << tensor.name;
    }
  }
}

class CudaSteps : public CudaTest, public testing::WithParamInterface<StepOptions> {};

TEST_P(CudaSteps, AreThoseOfTheProcessor) {
  Pair pair;
  const std::vector<float> weights = {1, 2, 0.5f, 1, 3}, adjustments = {0, -1, 0.5f, 0, 2};
  for (const double smoothing : {0.0, 0.1}) {
    const NoiseBatch noise(small, n, pair.words);
    Batch batch = noise.batch();
    if (smoothing > 0) {
      batch.class_weights = weights;
      batch.logit_adjustments = adjustments;
      batch.label_smoothing = smoothing;
    }
    const StepResult expected = pair.processor.step(batch, noise.masks, GetParam());
    const StepResult result = pair.gpu.step(batch, noise.masks, GetParam());
    EXPECT_NEAR(result.loss, expected.loss, tolerance * expected.loss);
    EXPECT_EQ(result.correct, expected.correct);
    EXPECT_NEAR(result.gradient_norm, expected.gradient_norm, tolerance * expected.gradient_norm);
  }
  expect_alike(pair.gpu.state(), pair.processor.state());
  EXPECT_EQ(pair.gpu.adam_state().steps, pair.processor.adam_state().steps);
  if (!GetParam().forward_only) {
    expect_alike(pair.gpu.adam_state().exp_avg, pair.processor.adam_state().exp_avg);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Each, CudaSteps,
    testing::Values(StepOptions{}, StepOptions{.clip_norm = 0.1}, StepOptions{.forward_only = true},
                    StepOptions{.optimizer = {.beta2 = 0.99, .weight_decay = 0.1}},
                    StepOptions{.learning_rate = 0.01,
                                .optimizer = {.kind = OptimizerKind::sgd, .weight_decay = 0.1}}));

TEST_F(CudaTest, EvaluationsGiveTheProcessorsLogitsAndFeatures) {
  Pair pair;
  const NoiseBatch noise(small, 3, pair.words);
  std::vector<float> logits(15), expected(15), features(3 * 40 * 8 * 8), expected_features(features.size());
  pair.processor.evaluate(noise.pictures, expected, expected_features);
  pair.gpu.evaluate(noise.pictures, logits, features);
  EXPECT_LT(distance(logits, expected), tolerance);
  EXPECT_LT(distance(features, expected_features), tolerance);
  std::vector<float> alone(15);
  pair.gpu.evaluate(noise.pictures, alone, {});
  EXPECT_EQ(alone, logits);
}

TEST_F(CudaTest, AStateGoesFromProcessorToGpuAndBack) {
  Pair pair;
  const NoiseBatch noise(small, n, pair.words);
  pair.processor.step(noise.batch(), noise.masks, {});
  const StateDict state = pair.processor.state();
  const AdamState adam = pair.processor.adam_state();
  pair.gpu.load(state);
  pair.gpu.load_adam_state(adam);
  EXPECT_EQ(pair.gpu.state(), state);
  EXPECT_EQ(pair.gpu.adam_state().steps, 1);
  EXPECT_EQ(pair.gpu.adam_state().exp_avg, adam.exp_avg);
  EXPECT_EQ(pair.gpu.adam_state().exp_avg_sq, adam.exp_avg_sq);
}

TEST_F(CudaTest, AStateThatDoesNotFitIsAnError) {
  Pair pair;
  StateDict state = pair.processor.state();
  state.front().shape = {20, 3, 9};
  EXPECT_THROW(pair.gpu.load(state), Error);
  state.erase(state.begin());
  EXPECT_THROW(pair.gpu.load(state), Error);
}

TEST_F(CudaTest, ALossThatIsNotFiniteChangesNoParameter) {
  Pair pair;
  const NoiseBatch noise(small, n, pair.words);
  pair.gpu.step(noise.batch(), noise.masks, {});
  StateDict state = pair.gpu.state();
  for (Tensor& tensor : state) {
    if (tensor.name == "classification_head.1.weight") tensor.floats()[3] = INFINITY;
  }
  pair.gpu.load(state);
  const AdamState adam = pair.gpu.adam_state();
  const StepResult result = pair.gpu.step(noise.batch(), noise.masks, {});
  EXPECT_FALSE(std::isfinite(result.loss));
  EXPECT_EQ(result.gradient_norm, 0);
  EXPECT_EQ(pair.gpu.adam_state().steps, 1);
  EXPECT_EQ(pair.gpu.adam_state().exp_avg, adam.exp_avg);
  for (const Tensor& tensor : pair.gpu.state()) {
    if (is_parameter(tensor.name)) {
      EXPECT_EQ(tensor, *find_tensor(state, tensor.name));
    }
  }
}

TEST_F(CudaTest, AStepAllocatesNothingAndCopiesOneOutcomeBack) {
  Pair pair;
  const NoiseBatch noise(small, n, pair.words), less(small, 2, pair.words);
  pair.gpu.step(noise.batch(), noise.masks, {});
  pair.gpu.step(less.batch(), less.masks, {});
  const StandIn before = stand_in();
  pair.gpu.step(noise.batch(), noise.masks, {});
  pair.gpu.step(less.batch(), less.masks, {});
  const auto made = [&](const char* function) {
    return stand_in().calls_of[function] - before.calls_of.at(function);
  };
  for (const char* function : {"allocate", "allocate_host", "begin_capture", "launch", "fill"}) {
    EXPECT_EQ(made(function), 0) << function;
  }
  for (const char* function : {"copy_to_device", "launch_graph", "copy_to_host", "synchronize"}) {
    EXPECT_EQ(made(function), 2) << function;
  }
}

TEST_F(CudaTest, TheSameStepsGiveTheSameBits) {
  std::vector<StateDict> states;
  for (int run = 0; run < 2; ++run) {
    Pair pair;
    const NoiseBatch noise(small, n, pair.words);
    pair.gpu.step(noise.batch(), noise.masks, {});
    if (run == 1) {  // resumed from a copy of everything
      const StateDict state = pair.gpu.state();
      const AdamState adam = pair.gpu.adam_state();
      CudaBackend resumed(stand_in_context(), small, Precision::f32, Precision::f32);
      resumed.load(state);
      resumed.load_adam_state(adam);
      resumed.step(noise.batch(), noise.masks, {});
      states.push_back(resumed.state());
    } else {
      pair.gpu.step(noise.batch(), noise.masks, {});
      states.push_back(pair.gpu.state());
    }
  }
  EXPECT_EQ(states[0], states[1]);
}

}  // namespace
}  // namespace bart::cuda
