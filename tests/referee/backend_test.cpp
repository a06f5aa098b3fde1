// A second backend of the engine: the double-precision referee trains on the drawn faces with the same
// Training as the processor. The results must agree as far as float32 allows.
#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <numeric>
#include <vector>

#include "bart/dataset/listing.h"
#include "bart/dataset/load.h"
#include "bart/dataset/split.h"
#include "bart/engine/engine.h"
#include "bart/sample/sample.h"
#include "bart/training/train.h"
#include "referee/cases.h"
#include "referee/referee_backend.h"
#include "scratch_folder.h"

namespace bart {
namespace {

using referee::RefereeBackend;

const Architecture small{
    .classes = 3, .image_size = 16, .blocks = {{16, 0.25}, {32, 0.25}}, .hidden = {{32, 0.5}}};
constexpr std::uint32_t seed = 10;

class BackendTest : public testing::Test {
 protected:
  BackendTest() {
    write_sample(folder.path() / "faces", {.classes = 3, .per_class = 12, .threads = 1});
    pictures = load_pictures(list_folder(folder.path() / "faces"), {.image_size = 16, .threads = 1});
    std::vector<std::uint32_t> all(pictures.size());
    std::iota(all.begin(), all.end(), 0u);
    // Classes lie one after the other: every third picture is one to test.
    for (const std::uint32_t i : all) (i % 3 == 0 ? split.test : split.train).push_back(i);
  }

  TrainOptions options(int epochs, double clip_norm = 0) const {
    return {.epochs = epochs, .batch_size = 8, .seed = seed, .threads = 1, .clip_norm = clip_norm};
  }
  Training training_on(Engine engine, const TrainOptions& asked, TrainingState from) const {
    return Training(pictures, split, std::move(engine), asked, std::move(from));
  }
  Engine referee() const { return Engine(std::make_unique<RefereeBackend>(small)); }
  Engine processor() const { return Engine(small, {.threads = 2, .exact = true}); }
  TrainingState start() const { return initial_training_state(small, seed, split.train.size()); }

  test::ScratchFolder folder;
  LoadedPictures pictures;
  Split split;
};

double distance(const std::vector<float>& values, const std::vector<float>& truth) {
  double difference = 0, norm = 0;
  for (std::size_t i = 0; i < truth.size(); ++i) {
    difference += std::pow(double(values[i]) - double(truth[i]), 2);
    norm += std::pow(double(truth[i]), 2);
  }
  return std::sqrt(difference / norm);
}

TEST_F(BackendTest, TheRefereeTrainsThroughTheSameTraining) {
  // Float32 rounds by 6e-8, and Adam's first steps, which take little more than a gradient's sign, make more
  // of it: 8e-7 of a loss and 5e-6 of a tensor were measured, with AVX2 and with AVX-512.
  constexpr double tolerance = 1e-5;
  constexpr double tensor_tolerance = 5e-5;
  for (const double clip_norm : {0.0, 0.5}) {
    Training truth = training_on(referee(), options(3, clip_norm), start());
    Training engine = training_on(processor(), options(3, clip_norm), start());
    truth.run();
    engine.run();
    ASSERT_TRUE(truth.finished());
    const TrainingProgress& expected = truth.progress();
    const TrainingProgress& progress = engine.progress();
    ASSERT_EQ(expected.steps.size(), 9u);
    ASSERT_EQ(progress.steps.size(), 9u);
    for (std::size_t i = 0; i < 9; ++i) {
      EXPECT_NEAR(progress.steps[i].loss, expected.steps[i].loss, tolerance * expected.steps[i].loss) << i;
    }
    EXPECT_LT(expected.steps.back().loss, expected.steps.front().loss);
    for (std::size_t i = 0; i < 3; ++i) {
      EXPECT_EQ(progress.epochs[i].validation_accuracy, expected.epochs[i].validation_accuracy);
      EXPECT_NEAR(progress.epochs[i].validation_loss, expected.epochs[i].validation_loss, tolerance);
    }
    const StateDict model = engine.model();
    for (const Tensor& tensor : truth.model()) {
      if (!std::holds_alternative<std::vector<float>>(tensor.values)) {
        EXPECT_EQ(find_tensor(model, tensor.name)->values, tensor.values) << tensor.name;
      } else if (!test::is_noise(tensor.name)) {
        EXPECT_LT(distance(find_tensor(model, tensor.name)->floats(), tensor.floats()), tensor_tolerance)
            << tensor.name;
      }
    }
  }
}

TEST_F(BackendTest, ATrainingGoesOnOnAnotherBackend) {
  // Two epochs on the processor and the third on the referee, with Adam's state between them.
  Training begun = training_on(processor(), options(2), start());
  begun.run();
  Training resumed = training_on(referee(), options(3), begun.state());
  resumed.run();
  Training whole = training_on(processor(), options(3), start());
  whole.run();
  ASSERT_EQ(resumed.progress().steps.size(), 9u);
  for (std::size_t i = 6; i < 9; ++i) {
    EXPECT_NEAR(resumed.progress().steps[i].loss, whole.progress().steps[i].loss, 1e-5) << i;
  }
}

TEST_F(BackendTest, GivesFeaturesAndNorms) {
  Engine truth = referee();
  Engine engine = processor();
  const StateDict state = start().model;
  std::vector<const std::uint8_t*> batch;
  std::vector<std::int32_t> labels;
  for (const std::uint32_t i : {0u, 13u, 25u}) {
    batch.push_back(pictures.picture(i));
    labels.push_back(static_cast<std::int32_t>(pictures.labels[i]));
  }
  Mt19937 generator(seed);
  const DropoutMasks masks = draw_dropout_masks(small, 3, generator);
  std::vector<std::vector<float>> features;
  std::vector<StepResult> results;
  for (Engine* either : {&truth, &engine}) {
    either->load(state);
    std::vector<float> logits(9);
    either->evaluate_with_features(batch, logits, features.emplace_back(3 * 32 * 8 * 8));
    results.push_back(either->step({batch, labels}, masks, {.learning_rate = 1e-3, .clip_norm = 0.1}));
  }
  EXPECT_LT(distance(features[1], features[0]), 1e-6);
  EXPECT_EQ(results[1].correct, results[0].correct);
  EXPECT_GT(results[0].gradient_norm, 0.1);
  EXPECT_NEAR(results[1].gradient_norm, results[0].gradient_norm, 1e-5 * results[0].gradient_norm);
  EXPECT_TRUE(engine.capabilities().exact);
  EXPECT_FALSE(truth.capabilities().bf16);
}

}  // namespace
}  // namespace bart
