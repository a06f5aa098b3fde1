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
  // Three batches an epoch, the last one shorter.
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

TEST_F(TrainingTest, ALossThatIsNoNumberStops) {
  TrainOptions options{.epochs = 50, .batch_size = 4, .learning_rate = 1e30};
  EXPECT_THROW(train(pictures_, split_, architecture_, options), DivergedError);
}

}  // namespace
}  // namespace bart
