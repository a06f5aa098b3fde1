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
  const LoadedPictures pictures_ = test::random_pictures(16, 3, 16);
  const Split split_ = test::first_for_testing(16, 4);
};

TEST_F(LrRangeTestTest, RatesGrowByOneFactorFromTheFirstToTheLast) {
  const LrRangeTest test = run({.from = 1e-6, .to = 1e-4, .steps = 5, .training = {.batch_size = 4}});
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
  const LrRangeTest test = run({.from = 1e-5, .to = 1e5, .steps = 40, .training = {.batch_size = 4}});
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
}

TEST_F(LrRangeTestTest, RefusesAnImpossibleRange) {
  EXPECT_THROW(run({.from = 0}), Error);
  EXPECT_THROW(run({.from = 1, .to = 0.1}), Error);
  EXPECT_THROW(run({.steps = 1}), Error);
}

}  // namespace
}  // namespace bart
