#include "bart/training/average.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "bart/platform/error.h"
#include "bart/training/temperature.h"

namespace bart {
namespace {

StateDict model_of(float value, std::int64_t count) {
  return {{"weight", {3}, std::vector<float>(3, value)},
          {"num_batches_tracked", {}, std::vector<std::int64_t>{count}}};
}

TEST(Average, KeepsLittleAtFirstAndThenItsDecay) {
  EXPECT_DOUBLE_EQ(average_kept(0.999, 1), 2.0 / 11);
  EXPECT_DOUBLE_EQ(average_kept(0.999, 90), 91.0 / 100);
  EXPECT_DOUBLE_EQ(average_kept(0.999, 100000), std::pow(0.999, 16));
}

TEST(Average, IsTheWeightedMeanOfWhatItSaw) {
  ModelAverage average;
  double truth = 0;
  for (int update = 1; update <= 20; ++update) {
    const double value = std::sin(update);
    update_average(average, model_of(static_cast<float>(value), 16 * update), 0.99);
    const double kept = update == 1 ? 0 : average_kept(0.99, update);
    truth = kept * truth + (1 - kept) * value;
  }
  EXPECT_EQ(average.updates, 20);
  // Each update rounds three times numbers of at most 2 in size.
  for (const float value : average.model[0].floats()) EXPECT_NEAR(value, truth, 20 * 3 * 2 * 0x1p-24);
  EXPECT_EQ(average.model[1], model_of(0, 320)[1]);
}

TEST(Average, KeepsMoreIfItTakesInFewerSteps) {
  ModelAverage average{model_of(1, 0), 100000};
  update_average(average, model_of(0, 1), 0.99, 5);
  for (const float value : average.model[0].floats()) EXPECT_NEAR(value, std::pow(0.99, 5), 1e-7);
  ModelAverage young{model_of(1, 0), 1};
  update_average(young, model_of(0, 1), 0.99, 8);
  for (const float value : young.model[0].floats()) EXPECT_NEAR(value, std::sqrt(3.0 / 12), 1e-7);
}

TEST(Average, OfAConstantModelIsThatModel) {
  ModelAverage average;
  for (int update = 1; update <= 100; ++update) update_average(average, model_of(1e-30f, 1), 0.99);
  EXPECT_EQ(average.model, model_of(1e-30f, 1));
}

TEST(Average, RefusesAnotherNetworkAndImpossibleShares) {
  ModelAverage average{model_of(0, 1), 1};
  EXPECT_THROW(update_average(average, {}, 0.9), Error);
  StateDict other = model_of(0, 1);
  other[0].floats().pop_back();
  EXPECT_THROW(update_average(average, other, 0.9), Error);
  for (const double decay : {-0.1, 1.0, std::nan("")})
    EXPECT_THROW(update_average(average, model_of(0, 1), decay), Error) << decay;
  EXPECT_THROW(update_average(average, model_of(0, 1), 0.9, 0), Error);
  StateDict nothing;
  EXPECT_THROW(scale_logits(nothing, 2), Error);
}

}  // namespace
}  // namespace bart
