#include "bart/engine/processor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <new>
#include <vector>

#include "bart/network/dropout.h"
#include "bart/platform/error.h"
#include "bart/random/mt19937.h"
#include "noise_training.h"

namespace {

std::atomic<std::size_t> largest_allocation{0};

void* counted(std::size_t bytes) {
  std::size_t largest = largest_allocation.load();
  while (bytes > largest && !largest_allocation.compare_exchange_weak(largest, bytes)) {
  }
  if (void* memory = std::malloc(bytes == 0 ? 1 : bytes)) return memory;
  throw std::bad_alloc();
}

}  // namespace

void* operator new(std::size_t bytes) {
  return counted(bytes);
}
void* operator new[](std::size_t bytes) {
  return counted(bytes);
}
// std::stable_sort asks so for its buffer, and gives it back to the delete below.
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
  try {
    return counted(bytes);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete[](void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
void operator delete[](void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace bart {
namespace {

using test::expect_equal;
using test::Training;
using testing::HasSubstr;
using testing::ThrowsMessage;

Architecture small() {
  return {.classes = 5, .image_size = 16, .blocks = {{20, 0.25}, {40, 0.4}}, .hidden = {{30, 0.5}}};
}

TEST(Engine, GivesBackTheStateThatItLoadedBitForBit) {
  const std::vector<Architecture> architectures = {
      small(),
      {.classes = 2, .image_size = 32, .blocks = {{1, 0}}, .hidden = {}},
      {.classes = 5000,
       .image_size = 8,
       .blocks = {{16, 0.1}, {17, 0.2}, {48, 0}},
       .hidden = {{64, 0}, {3, 0.5}}}};
  for (const Architecture& architecture : architectures) {
    Training setup(architecture, 1);
    for (Tensor& tensor : setup.state) {
      if (auto* values = std::get_if<std::vector<float>>(&tensor.values)) {
        for (float& value : *values) value = static_cast<float>(setup.words.next()) * 0x1p-31f - 1;
      } else {
        std::get<std::vector<std::int64_t>>(tensor.values) = {41};
      }
    }
    ProcessorBackend engine(architecture, {.threads = 2, .exact = true});
    engine.load(setup.state);
    expect_equal(engine.state(), setup.state);
  }
}

TEST(Engine, TrainsArchitecturesOfManyShapes) {
  const std::vector<Architecture> architectures = {
      {.classes = 2, .image_size = 16, .blocks = {{8, 0.25}}, .hidden = {}},
      {.classes = 3, .image_size = 160, .blocks = {{3, 0}, {5, 0.1}}, .hidden = {{7, 0}}},
      {.classes = 5000,
       .image_size = 8,
       .blocks = {{33, 0.5}, {64, 0}, {9, 0.3}},
       .hidden = {{16, 0.2}, {8, 0.5}}}};
  for (const Architecture& architecture : architectures) {
    for (const int n : {1, 3}) {
      Training setup(architecture, n);
      ProcessorBackend engine(architecture, {.threads = 2, .exact = true});
      engine.load(setup.state);
      const float before = engine.forward_backward(setup.batch(), setup.masks).loss;
      EXPECT_TRUE(std::isfinite(before));
      for (int step = 0; step < 20; ++step) {
        engine.optimizer_step(1e-3);
        engine.forward_backward(setup.batch(), setup.masks);
      }
      EXPECT_LT(engine.forward_backward(setup.batch(), setup.masks).loss, before) << architecture.classes;
    }
  }
}

TEST(Engine, GivesTheSameBitsRunAfterRun) {
  const Training setup(small(), 6);
  std::vector<StateDict> states;
  for (int run = 0; run < 2; ++run) {
    ProcessorBackend engine(setup.architecture, {.threads = 2, .exact = true});
    engine.load(setup.state);
    for (int step = 0; step < 5; ++step) {
      engine.forward_backward(setup.batch(), setup.masks);
      engine.optimizer_step(1e-3);
    }
    states.push_back(engine.state());
  }
  expect_equal(states[0], states[1]);
}

TEST(Engine, KeepsBatchSizesApartThoughTheyShareMemory) {
  const Training large(small(), 6), little(small(), 2);
  ProcessorBackend mixed(small(), {.threads = 1}), alone(small(), {.threads = 1});
  for (ProcessorBackend* engine : {&mixed, &alone}) engine->load(large.state);
  std::vector<float> logits(little.logit_count()), expected(little.logit_count());
  mixed.forward_backward(little.batch(), little.masks);
  mixed.forward_backward(large.batch(), large.masks);
  std::vector<float> other(large.logit_count());
  mixed.evaluate(large.pictures, other);
  mixed.load(large.state);
  alone.load(large.state);
  mixed.forward_backward(little.batch(), little.masks);
  alone.forward_backward(little.batch(), little.masks);
  expect_equal(mixed.gradients(), alone.gradients());
  EXPECT_EQ(mixed.last_logits(), alone.last_logits());
  mixed.evaluate(little.pictures, logits);
  alone.evaluate(little.pictures, expected);
  EXPECT_EQ(logits, expected);
}

TEST(Engine, EvaluatesTheParametersThatItHasNow) {
  const Training setup(small(), 4);
  ProcessorBackend trained(small(), {.threads = 1}), loaded(small(), {.threads = 1});
  trained.load(setup.state);
  std::vector<float> logits(setup.logit_count()), expected(setup.logit_count());
  trained.evaluate(setup.pictures, logits);  // folds the BatchNorms of the initial state
  trained.forward_backward(setup.batch(), setup.masks);
  trained.optimizer_step(1e-2);
  trained.evaluate(setup.pictures, logits);
  loaded.load(trained.state());
  loaded.evaluate(setup.pictures, expected);
  EXPECT_EQ(logits, expected);
}

TEST(Engine, TakesNoMemoryInAStepForWhatItComputes) {
  // oneDNN keeps the few arguments of a call in a small map; no buffer is ever as small as a kilobyte.
  const Training setup(small(), 6);
  ProcessorBackend engine(small(), {.threads = 2});
  engine.load(setup.state);
  std::vector<float> logits(setup.logit_count());
  const auto step = [&] {
    engine.forward_backward(setup.batch(), setup.masks);
    engine.optimizer_step(1e-3);
  };
  step();
  largest_allocation = 0;
  step();
  EXPECT_LT(largest_allocation.load(), 1024u);
  engine.evaluate(setup.pictures, logits);
  largest_allocation = 0;
  engine.evaluate(setup.pictures, logits);
  EXPECT_LT(largest_allocation.load(), 1024u);
}

TEST(Engine, CountsBatchesAndTakesTheConvolutionsBiasIntoTheRunningMean) {
  const Training setup(small(), 4);
  StateDict shifted = setup.state;
  for (Tensor& tensor : shifted) {
    if (tensor.name == "block1.0.bias") {
      for (float& value : tensor.floats()) value += 2;
    }
  }
  ProcessorBackend engine(small(), {.threads = 1});
  std::vector<std::vector<float>> means, logits;
  for (const StateDict* state : std::vector<const StateDict*>{&setup.state, &shifted}) {
    engine.load(*state);
    engine.forward_backward(setup.batch(), setup.masks);
    logits.push_back(engine.last_logits());
    means.push_back(find_tensor(engine.state(), "block1.1.running_mean")->floats());
  }
  // BatchNorm takes the 2 away again, but for what adding it rounded: 1e-7 of 2, in values that deviate by
  // about 0.2, and after three more layers.
  for (std::size_t i = 0; i < logits[0].size(); ++i) EXPECT_NEAR(logits[0][i], logits[1][i], 1e-5f);
  for (std::size_t c = 0; c < means[0].size(); ++c) EXPECT_NEAR(means[1][c] - means[0][c], 0.1f * 2, 1e-6f);
  const StateDict state = engine.state();
  EXPECT_EQ(
      std::get<std::vector<std::int64_t>>(find_tensor(state, "block2.4.num_batches_tracked")->values).at(0),
      1);
}

TEST(Engine, AStepIsItsParts) {
  const Training setup(small(), 4);
  for (const double clip_norm : {0.0, 0.1}) {
    ProcessorBackend engine(small(), {.threads = 2}), parts(small(), {.threads = 2});
    for (ProcessorBackend* each : {&engine, &parts}) each->load(setup.state);
    for (int step = 0; step < 3; ++step) {
      const StepResult result =
          engine.step(setup.batch(), setup.masks, {.learning_rate = 1e-3, .clip_norm = clip_norm});
      const StepResult expected = parts.forward_backward(setup.batch(), setup.masks);
      double squares = 0;
      for (const Tensor& gradient : parts.gradients()) {
        for (const float g : gradient.floats()) squares += static_cast<double>(g) * static_cast<double>(g);
      }
      if (clip_norm > 0) parts.clip_gradients(clip_norm);
      parts.optimizer_step(1e-3);
      EXPECT_EQ(result.loss, expected.loss);
      EXPECT_EQ(result.correct, expected.correct);
      EXPECT_NEAR(result.gradient_norm, std::sqrt(squares), 1e-12 * std::sqrt(squares));
    }
    expect_equal(engine.state(), parts.state());
  }
}

TEST(Engine, AForwardPassAloneChangesOnlyTheRunningStatistics) {
  const Training setup(small(), 4);
  ProcessorBackend engine(small(), {.threads = 2}), forward(small(), {.threads = 2});
  for (ProcessorBackend* each : {&engine, &forward}) each->load(setup.state);
  const StepResult result = engine.step(setup.batch(), setup.masks, {});
  const StepResult alone = forward.step(setup.batch(), setup.masks, {.forward_only = true});
  EXPECT_EQ(alone.loss, result.loss);
  EXPECT_EQ(alone.correct, result.correct);
  EXPECT_EQ(forward.adam_state().steps, 0);
  const StateDict trained = engine.state(), after = forward.state();
  for (const Tensor& tensor : after) {
    const StateDict& expected = is_parameter(tensor.name) ? setup.state : trained;
    EXPECT_TRUE(find_tensor(expected, tensor.name)->values == tensor.values) << tensor.name;
  }
}

TEST(Engine, StartedStepsOnTheProcessorAreThoseThatAreWaitedFor) {
  const Training setup(small(), 4);
  Engine engine(small(), {.threads = 2}), started(small(), {.threads = 2});
  for (Engine* each : {&engine, &started}) each->load(setup.state);
  EXPECT_EQ(engine.device_training(), nullptr);
  std::vector<float> expected, losses;
  for (int step = 0; step < 2; ++step) {
    expected.push_back(engine.step(setup.batch(), setup.masks, {}).loss);
    started.start_step(setup.batch(), setup.masks, {});
  }
  for (const StepResult& result : started.finish_steps()) losses.push_back(result.loss);
  EXPECT_EQ(losses, expected);
  EXPECT_TRUE(started.finish_steps().empty());
  expect_equal(started.state(), engine.state());
}

TEST(Engine, TheProcessorRefusesWhatOnlyADeviceDoesInAStep) {
  const Training setup(small(), 4);
  Engine engine(small(), {.threads = 1});
  engine.load(setup.state);
  Batch batch = setup.batch();
  const std::vector<PictureChange> changes(batch.pictures.size());
  batch.changes = changes;
  EXPECT_THROW(engine.step(batch, setup.masks, {}), Error);  // without their side
  batch.changed_side = small().image_size;
  EXPECT_THROW(engine.step(batch, setup.masks, {}), Error);
  EXPECT_THROW(engine.start_step(setup.batch(), setup.masks, {.average_weight = 0.5}), Error);
  EXPECT_THROW(engine.start_step(setup.batch(), setup.masks, {.average_weight = 2}), Error);
  EXPECT_TRUE(engine.finish_steps().empty());
}

TEST(Engine, AStepWithoutAFiniteLossLeavesParametersAndAdamAsTheyWere) {
  Training setup(small(), 4);
  for (Tensor& tensor : setup.state) {
    if (tensor.name == "classification_head.1.weight") tensor.floats()[0] = INFINITY;
  }
  ProcessorBackend engine(small(), {.threads = 1});
  engine.load(setup.state);
  const StepResult result = engine.step(setup.batch(), setup.masks, {.learning_rate = 1e-3});
  EXPECT_FALSE(std::isfinite(result.loss));
  EXPECT_EQ(engine.adam_state().steps, 0);
  const StateDict after = engine.state();
  for (const Tensor& tensor : setup.state) {
    if (is_parameter(tensor.name)) {
      EXPECT_TRUE(find_tensor(after, tensor.name)->values == tensor.values) << tensor.name;
    }
  }
}

TEST(Engine, AskingForTheStateChangesNothing) {
  const Training setup(small(), 4);
  ProcessorBackend engine(small(), {.threads = 1});
  engine.load(setup.state);
  engine.forward_backward(setup.batch(), setup.masks);
  const std::vector<float> logits = engine.last_logits();
  engine.state();
  engine.adam_state();
  EXPECT_EQ(engine.last_logits(), logits);
  engine.release_memory();
  EXPECT_THAT([&] { engine.last_logits(); }, ThrowsMessage<Error>(HasSubstr("no logits")));
}

TEST(Engine, DescribesItsPlan) {
  const ProcessorBackend engine(small(), {.threads = 1});
  const std::string training = engine.describe_plan(32, true);
  EXPECT_THAT(training, HasSubstr("block2.3 backward data"));
  EXPECT_THAT(training, HasSubstr("The arena has "));
  EXPECT_THAT(engine.describe_plan(1, false), HasSubstr("block1.0 + block1.1 + ReLU"));
  for (const int n : {0, -3}) {
    for (const bool either : {true, false}) {
      EXPECT_THAT([&] { engine.describe_plan(n, either); }, ThrowsMessage<Error>(HasSubstr("at least 1")));
    }
  }
}

TEST(Engine, SaysWhatDoesNotFit) {
  const Training setup(small(), 2);
  EXPECT_THAT([] { ProcessorBackend(small(), {.threads = -1}); },
              ThrowsMessage<Error>(HasSubstr("-1 threads")));
  EXPECT_THAT([] { ProcessorBackend(small(), {.threads = 100'000}); },
              ThrowsMessage<Error>(HasSubstr("100000 threads")));
  EXPECT_THAT([] { ProcessorBackend({.classes = 1}, {}); }, ThrowsMessage<Error>(HasSubstr("2 classes")));
  ProcessorBackend engine(small(), {.threads = 1});
  StateDict state = setup.state;
  state.erase(state.begin());
  EXPECT_THAT([&] { engine.load(state); }, ThrowsMessage<Error>(HasSubstr("no tensor block1.0.weight")));
  state = setup.state;
  state.back().shape = {7};
  EXPECT_THAT([&] { engine.load(state); },
              ThrowsMessage<Error>(HasSubstr("classification_head.4.bias has the shape [7]")));
  engine.load(setup.state);
  EXPECT_THAT([&] { engine.last_logits(); }, ThrowsMessage<Error>(HasSubstr("no logits")));
  EXPECT_THAT(
      [&] {
        engine.forward_backward({setup.pictures, {}}, setup.masks);
      },
      ThrowsMessage<Error>(HasSubstr("as many labels")));
  const std::vector<std::int32_t> labels = {0, 5};
  EXPECT_THAT(
      [&] {
        engine.forward_backward({setup.pictures, labels}, setup.masks);
      },
      ThrowsMessage<Error>(HasSubstr("a label of a training batch is 5")));
  EXPECT_THAT([&] { engine.forward_backward(setup.batch(), {}); },
              ThrowsMessage<Error>(HasSubstr("dropout masks")));
  EXPECT_THAT([&] { engine.evaluate(setup.pictures, {}); }, ThrowsMessage<Error>(HasSubstr("room for")));
}

TEST(Engine, RefusesAnImpossibleStepOfTheOptimizer) {
  const Architecture small{.classes = 2, .image_size = 16};
  ProcessorBackend engine(small, {.threads = 1});
  const double nan = std::numeric_limits<double>::quiet_NaN(), infinity = 1 / 0.0;
  for (const double bad : {nan, infinity, -1.0}) {
    EXPECT_THROW(engine.optimizer_step(bad), Error);
    EXPECT_THROW(engine.optimizer_step(0.1, {.beta2 = bad}), Error);
    EXPECT_THROW(engine.optimizer_step(0.1, {.weight_decay = bad}), Error);
  }
  EXPECT_THROW(engine.clip_gradients(nan), Error);
  EXPECT_THROW(engine.clip_gradients(-1), Error);
  std::vector<float> logits(2);
  const std::vector<const std::uint8_t*> missing = {nullptr};
  EXPECT_THROW(engine.evaluate(missing, logits), Error);
  EXPECT_THROW(engine.evaluation_operations(missing), Error);
  AdamState adam = engine.adam_state();
  adam.steps = -5;
  EXPECT_THROW(engine.load_adam_state(adam), Error);
}

}  // namespace
}  // namespace bart
