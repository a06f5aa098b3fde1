#include "bart/training/lr_range_test.h"

#include <gtest/gtest.h>

#include <cmath>

#include "bart/platform/error.h"
#include "bart/training/train.h"
#include "random_pictures.h"

namespace bart {
namespace {

class LrRangeTestTest : public testing::Test {
 protected:
  LrRangeTest run(const LrRangeOptions& options) const {
    return lr_range_test(pictures_, split_.train, {.classes = 3, .image_size = 16}, options);
  }
  LoadedPictures pictures_ = test::random_pictures(16, 3, 16);
  const Split split_ = test::first_for_testing(16, 4);
};

TEST_F(LrRangeTestTest, RatesGrowByOneFactorFromTheFirstToTheLast) {
  const LrRangeTest test =
      run({.range = {.from = 1e-6, .to = 1e-4, .steps = 5}, .training = {.batch_size = 4}});
  ASSERT_EQ(test.steps.size(), 5u);
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_NEAR(std::log10(test.steps[i].learning_rate), -6 + 0.5 * static_cast<double>(i), 1e-9);
  }
  // The first loss stands alone, and is that of a training.
  EXPECT_DOUBLE_EQ(test.steps[0].smoothed_loss, test.steps[0].loss);
  const TrainResult training = train(pictures_, split_, {.classes = 3, .image_size = 16},
                                     {.epochs = 1, .batch_size = 4, .learning_rate = 1e-6});
  EXPECT_EQ(static_cast<float>(test.steps[0].loss), training.steps[0].loss);
  // By hand: the mean that decays by 0.98, corrected.
  EXPECT_NEAR(test.steps[1].smoothed_loss,
              (0.98 * 0.02 * test.steps[0].loss + 0.02 * test.steps[1].loss) / (1 - 0.98 * 0.98), 1e-12);
}

TEST_F(LrRangeTestTest, EndsWhenTheLossGrowsAndSuggestsATenthOfTheLowest) {
  const LrRangeTest test =
      run({.range = {.from = 1e-5, .to = 1e5, .steps = 40}, .training = {.batch_size = 4}});
  EXPECT_LT(test.steps.size(), 40u);
  double lowest = INFINITY, at = 0;
  for (const LrRangeStep& step : test.steps) {
    if (step.smoothed_loss < lowest) {
      lowest = step.smoothed_loss;
      at = step.learning_rate;
    }
  }
  EXPECT_EQ(test.lowest_at, at);
  EXPECT_DOUBLE_EQ(test.suggestion, at / 10);
  EXPECT_EQ(test.finding, at / 10 < 1e-5 ? LrFinding::no_fall : LrFinding::lowest);
  // Where the lowest rate that was tried is too large.
  EXPECT_EQ(run({.range = {.from = 10, .to = 1e5, .steps = 20}, .training = {.batch_size = 4}}).finding,
            LrFinding::no_fall);
}

TEST_F(LrRangeTestTest, ALossThatDoesNotRiseAgainShowsNoLowest) {
  const auto finding = [&](double from, double to, int steps) {
    return run({.range = {.from = from, .to = to, .steps = steps}, .training = {.batch_size = 4}}).finding;
  };
  EXPECT_EQ(finding(1e-14, 1e-13, 20), LrFinding::not_risen);
  for (const int steps : {10, 20, 40, 80, 160})  // losses that scatter around one value
    EXPECT_EQ(finding(1e-14, 1e-8, steps), LrFinding::not_risen) << steps;
}

/// The losses of the first `count` steps of a training with a rate that grows from 1e-4 to 1e-3, which those
/// of the range test with the same options have to be.
TEST_F(LrRangeTestTest, ItsStepsAreThoseOfATrainingWithAllItsOptions) {
  const TrainOptions tuned{.epochs = 1000,
                           .batch_size = 4,
                           .balanced_classes = true,
                           .clip_norm = 0.5,
                           .optimizer = {.beta2 = 0.9, .weight_decay = 0.5},
                           .label_smoothing = 0.1,
                           .logit_adjustment = 0.5,
                           .augmentation = {.mirror = 0.5, .rotation = 12}};
  const Architecture architecture{.classes = 3, .image_size = 16};
  for (std::size_t i = 4; i < 10; ++i) pictures_.labels[i] = 0;  // class weights and shares then differ
  constexpr int count = 7;  // more than an epoch, which has three batches
  const auto losses = [&](const TrainOptions& options, InitialValues values) {
    Training training(pictures_, split_, architecture, options,
                      initial_training_state(architecture, options.seed, split_.train.size(), values));
    std::vector<float> all;
    for (int i = 0; i < count; ++i) {
      all.push_back(training.step_at(1e-4 * std::pow(std::pow(10, 1.0 / (count - 1)), i)).loss);
    }
    return all;
  };
  const auto losses_of_range = [&](const TrainOptions& options, InitialValues values) {
    const LrRangeTest test = run(
        {.range = {.from = 1e-4, .to = 1e-3, .steps = count}, .training = options, .initial_values = values});
    std::vector<float> all;
    for (const LrRangeStep& step : test.steps) all.push_back(static_cast<float>(step.loss));
    return all;
  };
  const std::vector<float> all = losses_of_range(tuned, InitialValues::he);
  EXPECT_EQ(all, losses(tuned, InitialValues::he));
  // Each option has an effect.
  const auto without = [&](const auto& change) {
    TrainOptions changed = tuned;
    change(changed);
    return losses_of_range(changed, InitialValues::he);
  };
  EXPECT_NE(all, losses_of_range(tuned, InitialValues::pytorch));
  EXPECT_NE(all, without([](TrainOptions& o) { o.optimizer.kind = OptimizerKind::sgd; }));
  EXPECT_NE(all, without([](TrainOptions& o) { o.optimizer.beta2 = 0.999; }));
  EXPECT_NE(all, without([](TrainOptions& o) { o.optimizer.weight_decay = 0; }));
  EXPECT_NE(all, without([](TrainOptions& o) { o.label_smoothing = 0; }));
  EXPECT_NE(all, without([](TrainOptions& o) { o.balanced_classes = false; }));
  EXPECT_NE(all, without([](TrainOptions& o) { o.clip_norm = 0; }));
  EXPECT_NE(all, without([](TrainOptions& o) { o.logit_adjustment = 0; }));
  EXPECT_NE(all, without([](TrainOptions& o) { o.augmentation = {}; }));
}

/// A test may be longer than the training whose options it has.
TEST_F(LrRangeTestTest, MildEpochsAndTheScheduleChangeNothing) {
  const auto steps = [&](const TrainOptions& options) {
    std::vector<double> losses;
    for (const LrRangeStep& step :
         run({.range = {.from = 1e-4, .to = 1e-3, .steps = 9}, .training = options}).steps) {
      losses.push_back(step.loss);
    }
    return losses;
  };
  EXPECT_EQ(steps({.epochs = 2, .batch_size = 4, .augmentation = {.rotation = 12}}),
            steps({.epochs = 1,
                   .batch_size = 4,
                   .max_steps = 1,
                   .schedule = ScheduleKind::cosine,
                   .warm_up_epochs = 0.5,
                   .augmentation = {.rotation = 12},
                   .mild_epochs = 1,
                   .average_decay = 0.9,
                   .calibrate = true}));
}

TEST_F(LrRangeTestTest, RefusesAnImpossibleRange) {
  EXPECT_THROW(run({.range = {.from = 0}}), Error);
  EXPECT_THROW(run({.range = {.from = 1, .to = 0.1}}), Error);
  EXPECT_THROW(run({.range = {.steps = 1}}), Error);
}

}  // namespace
}  // namespace bart
