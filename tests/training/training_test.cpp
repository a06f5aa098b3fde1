#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bart/platform/error.h"
#include "bart/training/train.h"
#include "random_pictures.h"

namespace bart {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

class TrainingTest : public testing::Test {
 protected:
  // Three batches per epoch, of which the last one is shorter.
  const LoadedPictures pictures_ = test::random_pictures(14, 3, 16);
  const Split split_ = test::first_for_testing(14, 4);
  const Architecture architecture_{.classes = 3, .image_size = 16};
  const TrainOptions options_{.epochs = 2, .batch_size = 4};

  TrainingState start() const { return initial_training_state(architecture_, 10, split_.train.size()); }
  Training training(TrainingState from) const {
    return {pictures_, split_, architecture_, options_, std::move(from)};
  }
};

void expect_same_tensors(const StateDict& a, const StateDict& b) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i].name, b[i].name);
    EXPECT_TRUE(a[i].values == b[i].values) << a[i].name;
  }
}

TEST_F(TrainingTest, GoesOnFromAnyStepToTheSameBits) {
  const TrainResult whole = train(pictures_, split_, architecture_, options_);
  ASSERT_EQ(whole.steps.size(), 6u);
  ASSERT_EQ(whole.epochs.size(), 2u);
  for (std::size_t stop = 0; stop <= 6; ++stop) {
    TrainingState state = start();
    if (stop > 0) {
      Training first = training(state);
      TrainEvents events;
      events.step = [&](const StepRecord& step, std::size_t, std::size_t) {
        return step.step < static_cast<std::int64_t>(stop);
      };
      first.run(events);
      EXPECT_FALSE(first.finished());
      state = first.state();
    }
    EXPECT_EQ(state.progress.steps.size(), stop);
    Training second = training(std::move(state));
    second.run();
    EXPECT_TRUE(second.finished());
    EXPECT_EQ(second.progress().steps, whole.steps) << "stopped after step " << stop;
    for (std::size_t epoch = 0; epoch < 2; ++epoch) {
      EXPECT_EQ(second.progress().epochs[epoch].loss, whole.epochs[epoch].loss);
      EXPECT_EQ(second.progress().epochs[epoch].train_accuracy, whole.epochs[epoch].train_accuracy);
      EXPECT_EQ(second.progress().epochs[epoch].validation_loss, whole.epochs[epoch].validation_loss);
    }
    expect_same_tensors(second.model(), whole.model);
  }
}

TEST_F(TrainingTest, AValidationThatIsStoppedIsDoneAgain) {
  const TrainResult whole = train(pictures_, split_, architecture_, options_);
  Training first = training(start());
  TrainEvents events;
  events.validation = [](std::size_t, std::size_t) { return false; };
  first.run(events);
  EXPECT_EQ(first.progress().steps.size(), 3u);
  EXPECT_TRUE(first.progress().epochs.empty());
  Training second = training(first.state());
  second.run();
  EXPECT_EQ(second.progress().steps, whole.steps);
  EXPECT_EQ(second.progress().epochs.front().validation_loss, whole.epochs.front().validation_loss);
  expect_same_tensors(second.model(), whole.model);
}

TEST_F(TrainingTest, MaxStepsStopWithoutALastValidation) {
  TrainOptions options = options_;
  options.max_steps = 3;
  const TrainResult result = train(pictures_, split_, architecture_, options);
  EXPECT_EQ(result.steps.size(), 3u);
  EXPECT_TRUE(result.epochs.empty());
  EXPECT_TRUE(result.stopped);
}

TEST_F(TrainingTest, RefusesTheStateOfAnotherSplit) {
  const auto others = initial_training_state(architecture_, 10, split_.train.size() + 1);
  EXPECT_THAT([&] { training(others); }, ThrowsMessage<Error>(HasSubstr("other pictures")));
}

TEST_F(TrainingTest, RefusesASplitOrLabelsThatDoNotFitThePictures) {
  Split beyond = split_;
  beyond.train.back() = 14;
  EXPECT_THAT([&] { train(pictures_, beyond, architecture_, {.epochs = 1, .balanced_classes = true}); },
              ThrowsMessage<Error>(HasSubstr("the split names picture 14, but there are 14")));
  Split tested_beyond = split_;
  tested_beyond.test.front() = 1000;
  EXPECT_THAT([&] { train(pictures_, tested_beyond, architecture_, options_); },
              ThrowsMessage<Error>(HasSubstr("the split names picture 1000")));
  for (const std::int32_t label : {-1, 3}) {
    LoadedPictures mislabelled = test::random_pictures(14, 3, 16);
    mislabelled.labels[5] = label;
    EXPECT_THAT([&] { train(mislabelled, split_, architecture_, {.balanced_classes = true}); },
                ThrowsMessage<Error>(HasSubstr("picture 5 has the label")));
  }
}

TEST_F(TrainingTest, EveryStepTellsItsRateAndItsGradientsNorm) {
  const TrainResult loose = train(pictures_, split_, architecture_, options_);
  TrainOptions clipped = options_;
  clipped.clip_norm = 1e-3;
  const TrainResult tight = train(pictures_, split_, architecture_, clipped);
  for (const StepRecord& step : loose.steps) {
    EXPECT_EQ(step.learning_rate, options_.learning_rate);
    EXPECT_GT(step.gradient_norm, 1e-3);
  }
  // The norm is that of the gradients before they are scaled down.
  EXPECT_EQ(tight.steps[0].gradient_norm, loose.steps[0].gradient_norm);
  EXPECT_NE(tight.steps[2].loss, loose.steps[2].loss);
  const std::vector<StepRecord>& steps = loose.steps;
  EXPECT_NEAR(loose.epochs[0].gradient_norm,
              (steps[0].gradient_norm + steps[1].gradient_norm + steps[2].gradient_norm) / 3, 1e-12);
}

TEST_F(TrainingTest, ALossThatIsNotFiniteStops) {
  TrainOptions options{.epochs = 50, .batch_size = 4, .learning_rate = 1e30};
  EXPECT_THROW(train(pictures_, split_, architecture_, options), DivergedError);
}

}  // namespace
}  // namespace bart
