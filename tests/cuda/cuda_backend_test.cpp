// What the CUDA backend does in a step, beside the processor's backend.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <span>

#include "bart/augment/picture_change.h"
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

/// The pictures of a batch made of larger ones with random changes.
struct Changed {
  static constexpr int side = 20;
  std::vector<std::uint8_t> pixels;
  std::vector<const std::uint8_t*> pictures;
  std::vector<std::int32_t> labels;
  std::vector<PictureChange> changes;

  Changed(const NoiseBatch& like, Mt19937& words)
      : pixels(like.pictures.size() * bytes), labels(like.labels) {
    for (std::uint8_t& value : pixels) value = static_cast<std::uint8_t>(words.next() >> 24);
    const Augmentation augmentation{
        .mirror = 0.5, .window = {0.5, 1.2}, .rotation = 30, .contrast = 0.5, .hue = 0.1, .erase = 0.5};
    for (std::uint32_t i = 0; i < labels.size(); ++i) {
      pictures.push_back(pixels.data() + i * bytes);
      changes.push_back(draw_change(augmentation, AugmentationKey{1, 1, i}, side, small.image_size));
    }
  }
  Batch batch() const {
    return {.pictures = pictures, .labels = labels, .changes = changes, .changed_side = side};
  }
  /// As the processor makes them.
  std::vector<std::vector<std::uint8_t>> made() const {
    std::vector<std::vector<std::uint8_t>> result;
    for (std::size_t i = 0; i < pictures.size(); ++i) {
      result.emplace_back(small.image_size * small.image_size * 3);
      change_picture(changes[i], {pictures[i], bytes}, side, result.back(), small.image_size);
    }
    return result;
  }

 private:
  static constexpr std::size_t bytes = side * side * 3;
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

// The first linear layer is deep enough to be cut into pieces.
TEST_F(CudaTest, AnEvaluationGivesEachPictureTheSameBitsAloneAndAmongOthers) {
  const Architecture deep{.classes = 5, .image_size = 32, .blocks = {{32, 0}}, .hidden = {{64, 0}}};
  Mt19937 words(10);
  CudaBackend gpu(stand_in_context(), deep, Precision::f32, Precision::f32);
  gpu.load(initial_state(deep, words));
  constexpr int many = 40;
  const NoiseBatch noise(deep, many, words);
  std::vector<float> together(5 * many), alone(5);
  gpu.evaluate(noise.pictures, together, {});
  for (const std::size_t i : {0, 1, 39}) {
    gpu.evaluate(std::span(noise.pictures).subspan(i, 1), alone, {});
    EXPECT_EQ(alone, std::vector(together.begin() + static_cast<std::ptrdiff_t>(5 * i),
                                 together.begin() + static_cast<std::ptrdiff_t>(5 * i + 5)))
        << i;
  }
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

/// How often functions of the driver were called since this was made.
struct Calls {
  StandIn before = stand_in();
  int of(const char* function) const { return stand_in().calls_of[function] - before.calls_of.at(function); }
};

// With pictures that the GPU keeps and those that it does not, changed and as they are, with an average.
TEST_F(CudaTest, AStepIsOneGraphAllocatesNothingAndCopiesNothingBack) {
  Pair pair;
  const NoiseBatch noise(small, n, pair.words), streamed(small, 2, pair.words);
  pair.gpu.keep_pictures(noise.pictures, small.image_size);
  const Changed changed(noise, pair.words);
  const StepOptions averages{.average_weight = 0.5};
  const auto steps = [&] {
    pair.gpu.start_step(noise.batch(), noise.masks, {});
    pair.gpu.start_step(changed.batch(), noise.masks, averages);
    pair.gpu.start_step(streamed.batch(), streamed.masks, averages);
  };
  steps();
  EXPECT_TRUE(pair.gpu.keeps(noise.pictures[0]));
  EXPECT_FALSE(pair.gpu.keeps(streamed.pictures[0]));
  pair.gpu.finish_steps();
  const Calls calls;
  steps();
  steps();
  for (const char* function :
       {"allocate", "allocate_host", "begin_capture", "launch", "fill", "copy_to_host", "synchronize"}) {
    EXPECT_EQ(calls.of(function), 0) << function;
  }
  EXPECT_EQ(calls.of("launch_graph"), 6);
  EXPECT_EQ(calls.of("copy_to_device"), 10);  // four of them copy pictures
  EXPECT_EQ(pair.gpu.finish_steps().size(), 6u);
  EXPECT_EQ(calls.of("copy_to_host"), 1);
  EXPECT_EQ(calls.of("synchronize"), 1);
}

// More steps than there is room for without looking at results, of sizes that need the memory anew.
TEST_F(CudaTest, StartedStepsAreThoseThatAreWaitedFor) {
  Pair pair;
  CudaBackend started(stand_in_context(), small, Precision::f32, Precision::f32);
  started.load(pair.gpu.state());
  std::vector<StepResult> expected;
  std::vector<NoiseBatch> batches;
  for (int i = 0; i < 20; ++i) batches.emplace_back(small, i == 8 ? 3 : 1 + i % 2, pair.words);
  for (const NoiseBatch& noise : batches) {
    expected.push_back(pair.gpu.step(noise.batch(), noise.masks, {.clip_norm = 1}));
    started.start_step(noise.batch(), noise.masks, {.clip_norm = 1});
  }
  const std::vector<StepResult> results = started.finish_steps();
  ASSERT_EQ(results.size(), 20u);
  for (std::size_t i = 0; i < 20; ++i) {
    EXPECT_EQ(results[i].loss, expected[i].loss) << i;
    EXPECT_EQ(results[i].correct, expected[i].correct) << i;
    EXPECT_EQ(results[i].gradient_norm, expected[i].gradient_norm) << i;
  }
  EXPECT_EQ(started.state(), pair.gpu.state());
  EXPECT_EQ(started.adam_state().steps, 20);
  EXPECT_TRUE(started.finish_steps().empty());
}

TEST_F(CudaTest, KeptPicturesAreThoseThatWouldBeCopied) {
  Pair pair;
  CudaBackend keeping(stand_in_context(), small, Precision::f32, Precision::f32);
  keeping.load(pair.gpu.state());
  const NoiseBatch noise(small, n, pair.words);
  NoiseBatch kept = noise;  // whose bytes are spoilt once the GPU has them
  for (std::size_t i = 0; i < kept.pictures.size(); ++i)
    kept.pictures[i] = kept.pixels.data() + i * kept.pixels.size() / n;
  keeping.keep_pictures(std::span(kept.pictures).first(4), small.image_size);
  keeping.keep_pictures(std::span(kept.pictures).first(3), small.image_size);  // once is enough
  std::vector<float> logits(n * 5), expected(n * 5);
  for (int step = 0; step < 2; ++step) {
    const Calls calls;
    const float loss = keeping.step(kept.batch(), kept.masks, {}).loss;
    // The batch, and the pictures that are not kept; before the first step each of the others.
    EXPECT_EQ(calls.of("copy_to_device"), step == 0 ? 4 + 2 : 2);
    EXPECT_EQ(loss, pair.gpu.step(noise.batch(), noise.masks, {}).loss);
    std::fill_n(kept.pixels.begin(), kept.pixels.size() / n * 4, std::uint8_t{99});
    keeping.evaluate(kept.pictures, logits, {});
    pair.gpu.evaluate(noise.pictures, expected, {});
    EXPECT_EQ(logits, expected);
  }
  EXPECT_EQ(keeping.state(), pair.gpu.state());
}

TEST_F(CudaTest, ChangedPicturesAreThoseThatTheProcessorChanges) {
  Pair pair;
  const NoiseBatch noise(small, n, pair.words);
  for (const bool keep : {false, true}) {
    const Changed changed(noise, pair.words);
    if (keep) pair.gpu.keep_pictures(changed.pictures, Changed::side);
    const StepResult result = pair.gpu.step(changed.batch(), noise.masks, {.learning_rate = 0});
    EXPECT_EQ(pair.gpu.keeps(changed.pictures[0]), keep);
    const std::vector<float> logits = pair.gpu.last_logits();
    const std::vector<std::vector<std::uint8_t>> made = changed.made();
    std::vector<const std::uint8_t*> pictures;
    for (const auto& picture : made) pictures.push_back(picture.data());
    EXPECT_EQ(pair.gpu.step({.pictures = pictures, .labels = noise.labels}, noise.masks, {}).loss,
              result.loss);
    EXPECT_EQ(pair.gpu.last_logits(), logits);
  }
}

// Pictures are kept where there is room beside the rest, and make room for what is needed more.
TEST_F(CudaTest, KeptPicturesMakeRoom) {
  Pair pair;
  const NoiseBatch noise(small, 2, pair.words), many(small, 40, pair.words);
  stand_in().memory = std::size_t{300} << 20;
  pair.gpu.keep_pictures(noise.pictures, small.image_size);
  pair.gpu.step(noise.batch(), noise.masks, {});
  EXPECT_TRUE(pair.gpu.keeps(noise.pictures[0]));
  // Less than is to stay free: 256 MiB, and as much as the batch takes for another network.
  stand_in().memory = stand_in().used + (std::size_t{256} << 20) + 50'000;
  pair.gpu.keep_pictures(many.pictures, small.image_size);
  pair.gpu.step(noise.batch(), noise.masks, {});
  EXPECT_FALSE(pair.gpu.keeps(many.pictures[0]));
  stand_in().memory = stand_in().used;
  EXPECT_THROW(pair.gpu.step(many.batch(), many.masks, {}), Error);
  EXPECT_FALSE(pair.gpu.keeps(noise.pictures[0]));
  pair.processor.step(noise.batch(), noise.masks, {});
  pair.processor.step(noise.batch(), noise.masks, {});
  stand_in().memory = std::size_t{1} << 30;
  EXPECT_NEAR(pair.gpu.step(noise.batch(), noise.masks, {}).loss,
              pair.processor.step(noise.batch(), noise.masks, {}).loss, 1e-4);
}

TEST_F(CudaTest, AfterAStepThatIsNotFiniteNoneIsTakenUntilThatIsKnown) {
  Pair pair;
  const NoiseBatch noise(small, n, pair.words);
  pair.gpu.step(noise.batch(), noise.masks, {.average_weight = 1});
  const StateDict good = pair.gpu.state();
  StateDict broken = good;
  for (Tensor& tensor : broken) {
    if (tensor.name == "classification_head.1.weight") tensor.floats()[3] = INFINITY;
  }
  pair.gpu.load(broken);
  for (int i = 0; i < 3; ++i) pair.gpu.start_step(noise.batch(), noise.masks, {.average_weight = 0.5});
  const std::vector<StepResult> results = pair.gpu.finish_steps();
  EXPECT_FALSE(std::isfinite(results[0].loss));
  EXPECT_EQ(pair.gpu.adam_state().steps, 1);
  for (const Tensor& tensor : pair.gpu.state()) {
    if (is_parameter(tensor.name)) {
      EXPECT_EQ(tensor, *find_tensor(broken, tensor.name));
    }
  }
  for (const Tensor& tensor : pair.gpu.average()) {
    if (is_parameter(tensor.name)) {
      EXPECT_EQ(tensor, *find_tensor(good, tensor.name));
    }
  }
  pair.gpu.load(good);  // and now steps are taken again
  pair.gpu.step(noise.batch(), noise.masks, {});
  EXPECT_EQ(pair.gpu.adam_state().steps, 2);
  EXPECT_NE(pair.gpu.state(), good);
}

TEST_F(CudaTest, AnAverageIsThatOfTheModels) {
  Pair pair;
  EXPECT_TRUE(pair.gpu.average().empty());
  StateDict expected;
  for (const float weight : {1.0f, 0.5f, 0.0f, 0.25f}) {
    const NoiseBatch noise(small, n, pair.words);
    pair.gpu.step(noise.batch(), noise.masks, {.average_weight = weight});
    const StateDict model = pair.gpu.state();
    if (weight == 1) expected = model;
    if (weight == 0) continue;
    for (std::size_t t = 0; t < model.size(); ++t) {
      if (!std::holds_alternative<std::vector<float>>(model[t].values)) {
        expected[t].values = model[t].values;
        continue;
      }
      std::vector<float>& mean = expected[t].floats();
      for (std::size_t i = 0; i < mean.size(); ++i) mean[i] += weight * (model[t].floats()[i] - mean[i]);
    }
  }
  EXPECT_EQ(pair.gpu.average(), expected);
  CudaBackend other(stand_in_context(), small, Precision::f32, Precision::f32);
  other.load_average(expected);
  EXPECT_EQ(other.average(), expected);
  other.load_average({});
  EXPECT_TRUE(other.average().empty());
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
