// A whole training of some steps through the plugin's code, as backend_test.cpp asks it of the referee.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bart/augment/picture_change.h"
#include "bart/cuda/open_gpu.h"
#include "bart/dataset/listing.h"
#include "bart/dataset/load.h"
#include "bart/dataset/split.h"
#include "bart/engine/engine.h"
#include "bart/engine/processor.h"
#include "bart/sample/sample.h"
#include "bart/training/train.h"
#include "cuda_fixture.h"
#include "plugin.h"
#include "referee/cases.h"
#include "referee/referee_backend.h"
#include "scratch_folder.h"

namespace bart::cuda {
namespace {

const Architecture two_blocks{
    .classes = 3, .image_size = 16, .blocks = {{16, 0.25}, {32, 0.25}}, .hidden = {{32, 0.5}}};

class CudaTraining : public CudaTest {
 protected:
  CudaTraining() {
    write_sample(folder.path() / "faces", {.classes = 3, .per_class = 12, .threads = 1});
    pictures = load_pictures(list_folder(folder.path() / "faces"), {.image_size = 16, .threads = 1});
    for (std::uint32_t i = 0; i < pictures.size(); ++i) (i % 3 == 0 ? split.test : split.train).push_back(i);
  }

  Training training_on(std::unique_ptr<Backend> backend, int epochs, TrainingState from) const {
    return {pictures,
            split,
            Engine(std::move(backend)),
            {.epochs = epochs, .batch_size = 8, .seed = 10, .threads = 1},
            std::move(from)};
  }
  std::unique_ptr<Backend> gpu(Precision precision = Precision::f32) const {
    return std::make_unique<CudaBackend>(stand_in_context(), two_blocks, precision, precision);
  }
  TrainingState start() const { return initial_training_state(two_blocks, 10, split.train.size()); }

  void expect_training_of_the_referee(std::unique_ptr<Backend> backend);

  test::ScratchFolder folder;
  LoadedPictures pictures;
  Split split;
};

// The tolerances are those that backend_test.cpp allows the processor: Adam's first steps take little more
// than a gradient's sign, and make 1e-5 of float32's rounding.
void CudaTraining::expect_training_of_the_referee(std::unique_ptr<Backend> backend) {
  Training truth = training_on(std::make_unique<referee::RefereeBackend>(two_blocks), 3, start());
  Training training = training_on(std::move(backend), 3, start());
  truth.run();
  training.run();
  ASSERT_EQ(training.progress().steps.size(), 9u);
  for (std::size_t i = 0; i < 9; ++i) {
    const double expected = truth.progress().steps[i].loss;
    EXPECT_NEAR(training.progress().steps[i].loss, expected, 1e-5 * expected) << i;
  }
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(training.progress().epochs[i].validation_accuracy,
              truth.progress().epochs[i].validation_accuracy);
    EXPECT_NEAR(training.progress().epochs[i].validation_loss, truth.progress().epochs[i].validation_loss,
                1e-5);
  }
  const StateDict model = training.model();
  for (const Tensor& tensor : truth.model()) {
    if (!std::holds_alternative<std::vector<float>>(tensor.values)) {
      EXPECT_EQ(find_tensor(model, tensor.name)->values, tensor.values) << tensor.name;
    } else if (!test::is_noise(tensor.name)) {
      EXPECT_LT(distance(find_tensor(model, tensor.name)->floats(), tensor.floats()), 5e-5) << tensor.name;
    }
  }
}

TEST_F(CudaTraining, IsThatOfTheReferee) {
  expect_training_of_the_referee(gpu());
}

#ifdef CUDA_PLUGIN
/// On the computer's GPU; nullptr where there is none.
std::unique_ptr<Backend> true_gpu() {
  try {
    return open_gpu_with(CUDA_PLUGIN, 0)->backend(two_blocks, Precision::f32, Precision::f32);
  } catch (const NoGpuError& error) {
    std::printf("  %s\n", error.what());
    return nullptr;
  }
}

TEST_F(CudaTraining, OnAGpuIsThatOfTheReferee) {
  std::unique_ptr<Backend> backend = true_gpu();
  if (backend == nullptr) GTEST_SKIP() << "there is no GPU";
  expect_training_of_the_referee(std::move(backend));
}
#endif

TEST_F(CudaTraining, GoesOnFromProcessorToGpuAndToTheSameBitsFromGpuToGpu) {
  Training whole = training_on(gpu(), 3, start());
  whole.run();
  Training begun = training_on(gpu(), 2, start());
  begun.run();
  Training resumed = training_on(gpu(), 3, begun.state());
  resumed.run();
  EXPECT_EQ(resumed.model(), whole.model());
  EXPECT_EQ(resumed.progress().steps, whole.progress().steps);

  Training processor(pictures, split, two_blocks,
                     {.epochs = 2, .batch_size = 8, .seed = 10, .threads = 1, .exact = true}, start());
  processor.run();
  Training moved = training_on(gpu(), 3, processor.state());
  moved.run();
  for (std::size_t i = 6; i < 9; ++i) {
    EXPECT_NEAR(moved.progress().steps[i].loss, whole.progress().steps[i].loss, 1e-5) << i;
  }
}

/// The tuned recipe's parts, in steps enough for two updates of the average.
class CudaTunedTraining : public CudaTraining {
 protected:
  CudaTunedTraining() {
    const Listing listing = list_folder(folder.path() / "faces");
    larger = load_pictures(listing_of(listing, pictures, split.train),
                           {.image_size = larger_side(16), .threads = 1});
    options.larger_pictures = &larger;
  }
  Training on(std::unique_ptr<Backend> backend, TrainingState from) const {
    return {pictures, split, Engine(std::move(backend)), options, std::move(from)};
  }
  std::unique_ptr<Backend> processor(bool exact) const {
    return std::make_unique<ProcessorBackend>(two_blocks, EngineOptions{.threads = 1, .exact = exact});
  }

  void expect_training_of_the_processor(std::unique_ptr<Backend> backend);

  LoadedPictures larger;
  TrainOptions options{.epochs = 3,
                       .batch_size = 2,
                       .learning_rate = 0.002,
                       .seed = 10,
                       .threads = 1,
                       .clip_norm = 1,
                       .schedule = ScheduleKind::cosine,
                       .warm_up_epochs = 0.5,
                       .optimizer = {.beta2 = 0.99, .weight_decay = 0.05},
                       .label_smoothing = 0.1,
                       .logit_adjustment = 0.5,
                       .augmentation = {.mirror = 0.5,
                                        .window = {0.75, 1.15},
                                        .rotation = 10,
                                        .brightness = 0.2,
                                        .saturation = 0.2,
                                        .erase = 0.25},
                       .mild_epochs = 1,
                       .average_decay = 0.99,
                       .calibrate = true};
};

/// How far the losses of the first 16 steps and the averages of two trainings are apart.
struct Apart {
  double losses = 0, average = 0;
  Apart(const Training& a, const StateDict& average_a, const Training& b, const StateDict& average_b) {
    for (std::size_t i = 0; i < 16; ++i)
      losses = std::max(losses, std::abs(double(a.progress().steps[i].loss) - b.progress().steps[i].loss));
    for (const Tensor& tensor : average_b) {
      if (!std::holds_alternative<std::vector<float>>(tensor.values) || test::is_noise(tensor.name)) continue;
      average = std::max(average, distance(find_tensor(average_a, tensor.name)->floats(), tensor.floats()));
    }
  }
};

// Two of the processor's ways to compute round differently, and so does a GPU: it may be as far from one of
// them as three times the other is, or as above where these two happen to be close.
void CudaTunedTraining::expect_training_of_the_processor(std::unique_ptr<Backend> backend) {
  Training exact = on(processor(true), start()), fast = on(processor(false), start()),
           gpus = on(std::move(backend), start());
  for (Training* training : {&exact, &fast, &gpus}) training->run();
  ASSERT_EQ(gpus.progress().steps.size(), 36u);
  ASSERT_EQ(gpus.progress().epochs.size(), 3u);
  const TrainingState state = exact.state(), fast_state = fast.state(), gpus_state = gpus.state();
  EXPECT_EQ(gpus_state.average.updates, 2);
  const Apart allowed(fast, fast_state.average.model, exact, state.average.model);
  const Apart found(gpus, gpus_state.average.model, exact, state.average.model);
  std::printf("  losses %.2e (%.2e), average %.2e (%.2e)\n", found.losses, allowed.losses, found.average,
              allowed.average);
  EXPECT_LE(found.losses, std::max(3 * allowed.losses, 1e-5));
  EXPECT_LE(found.average, std::max(3 * allowed.average, 5e-5));
  EXPECT_EQ(gpus_state.progress.generator.state().words, state.progress.generator.state().words);
}

TEST_F(CudaTunedTraining, IsThatOfTheProcessorWithinItsRounding) {
  expect_training_of_the_processor(gpu());
}

#ifdef CUDA_PLUGIN
TEST_F(CudaTunedTraining, OnAGpuIsThatOfTheProcessorWithinItsRounding) {
  std::unique_ptr<Backend> backend = true_gpu();
  if (backend == nullptr) GTEST_SKIP() << "there is no GPU";
  expect_training_of_the_processor(std::move(backend));
}
#endif

TEST_F(CudaTunedTraining, HasTheSameBitsAcrossAStopAndGoesToTheProcessorAndBack) {
  Training whole = on(gpu(), start());
  whole.run();
  options.max_steps = 21;  // within an epoch, after the first update of the average
  Training begun = on(gpu(), start());
  begun.run();
  const TrainingState stopped = begun.state();
  EXPECT_EQ(stopped.progress.steps.size(), 21u);
  EXPECT_EQ(stopped.average.updates, 1);
  options.max_steps.reset();
  Training on_processor = on(processor(true), stopped);
  const TrainingState handed_on = on_processor.state();
  EXPECT_EQ(handed_on.model, stopped.model);
  EXPECT_EQ(handed_on.average.model, stopped.average.model);
  Training resumed = on(gpu(), handed_on);
  resumed.run();
  EXPECT_EQ(resumed.progress().steps, whole.progress().steps);
  EXPECT_EQ(resumed.state().average.model, whole.state().average.model);
  EXPECT_EQ(resumed.model(), whole.model());
  EXPECT_EQ(resumed.last_model(), whole.last_model());
}

// Whatever the GPU has room for.
TEST_F(CudaTunedTraining, HasTheSameBitsWhenPicturesAreStreamed) {
  Training keeping = on(gpu(), start());
  keeping.run();
  const int copies = stand_in().calls_of["copy_to_device"];
  stand_in().memory = std::size_t{100} << 20;
  Training streaming = on(gpu(), start());
  streaming.run();
  EXPECT_GT(stand_in().calls_of["copy_to_device"] - copies, copies);
  EXPECT_EQ(streaming.progress().steps, keeping.progress().steps);
  EXPECT_EQ(streaming.model(), keeping.model());
}

// The loss of a step is asked for when 16 are started, at the end of an epoch and at the last step.
TEST_F(CudaTunedTraining, LooksAtResultsOnlyAsOftenAsItMust) {
  options.max_steps = 23;
  Training training = on(gpu(), start());
  std::vector<std::int64_t> told;
  std::vector<std::size_t> known, done;
  training.run({.step = [&](const StepRecord& step, std::size_t pictures_done, std::size_t) {
    told.push_back(step.step);
    known.push_back(training.progress().steps.size());
    done.push_back(pictures_done);
    return true;
  }});
  for (std::int64_t i = 0; i < 23; ++i) {
    EXPECT_EQ(told[static_cast<std::size_t>(i)], i + 1);
    EXPECT_EQ(known[static_cast<std::size_t>(i)], i < 12 ? 12u : 23u);
    EXPECT_EQ(done[static_cast<std::size_t>(i)], static_cast<std::size_t>(i % 12 + 1) * 2);
  }
  EXPECT_EQ(stand_in().calls_of["launch_graph"], 23);
}

TEST_F(CudaTunedTraining, StopsWhereAnEventSaysSoAfterTheStepsThatAreDone) {
  Training training = on(gpu(), start());
  int told = 0;
  training.run({.step = [&](const StepRecord& step, std::size_t, std::size_t) {
    ++told;
    return step.step != 3;
  }});
  EXPECT_EQ(told, 12);
  EXPECT_EQ(training.state().progress.steps.size(), 12u);
  training.run();
  Training whole = on(gpu(), start());
  whole.run();
  EXPECT_EQ(training.model(), whole.model());
}

TEST_F(CudaTunedTraining, ALossThatIsNotFiniteNamesItsStep) {
  options.learning_rate = 1e30;
  options.warm_up_epochs = 0;
  options.clip_norm = 0;
  const auto diverges = [&](std::unique_ptr<Backend> backend) {
    Training training = on(std::move(backend), start());
    std::string sentence = "none";
    try {
      training.run();
    } catch (const DivergedError& error) {
      sentence = error.what();
    }
    return std::pair(sentence, training.progress().steps.size());
  };
  const auto [expected, steps] = diverges(processor(true));
  ASSERT_NE(expected, "none");
  EXPECT_EQ(diverges(gpu()), std::pair(expected, steps));
}

// TF32 keeps 10 bits after the leading one and bf16 7, so that a product is off by up to 2^-10 and 2^-7 of
// itself (twice half a unit); a loss of the order of 1, which averages many, may be off by no more in its
// first step.
TEST_F(CudaTraining, LearnsInTf32AndInBf16) {
  Training f32 = training_on(gpu(), 3, start());
  f32.run();
  for (const auto& [precision, unit] :
       {std::pair{Precision::tf32, 0x1p-10}, std::pair{Precision::bf16, 0x1p-7}}) {
    Training training = training_on(gpu(precision), 3, start());
    training.run();
    const auto& steps = training.progress().steps;
    EXPECT_NEAR(steps.front().loss, f32.progress().steps.front().loss, unit);
    EXPECT_NE(steps.front().loss, f32.progress().steps.front().loss);
    EXPECT_LT(steps.back().loss, steps.front().loss);
  }
}

}  // namespace
}  // namespace bart::cuda
