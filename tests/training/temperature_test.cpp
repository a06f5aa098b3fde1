#include "bart/training/temperature.h"

#include <gtest/gtest.h>

#include <cmath>

namespace bart {
namespace {

/// Answers (1, 0, ...) of which `right` of `total` are right and the others of class 1.
Predictions answers(int right, int total) {
  Predictions predictions{.classes = 2, .labels = {}, .logits = {}};
  for (int i = 0; i < total; ++i) {
    predictions.labels.push_back(i < right ? 0 : 1);
    predictions.logits.insert(predictions.logits.end(), {1, 0});
  }
  return predictions;
}

TEST(Temperature, MakesTheProbabilityTheShareOfRightAnswers) {
  // exp(f) / (exp(f) + 1) = the share, with one more picture that is half right.
  const auto factor = [](double right, double total) {
    return std::log((right + 0.5) / (total - right + 0.5));
  };
  EXPECT_NEAR(fitting_factor(answers(3, 4)), factor(3, 4), 1.0 / 128);
  EXPECT_NEAR(fitting_factor(answers(1500, 1600)), factor(1500, 1600), 1.0 / 128);
  EXPECT_NEAR(fitting_factor(answers(5, 5)), factor(5, 5), 1.0 / 128);
  EXPECT_EQ(64 * fitting_factor(answers(3, 4)), std::round(64 * factor(3, 4)));
}

TEST(Temperature, StaysWithinItsBounds) {
  EXPECT_EQ(fitting_factor(answers(0, 5)), 0.125);
  EXPECT_EQ(fitting_factor({}), 1);
}

TEST(Temperature, ScalesTheLastLayerAlone) {
  StateDict model = {{"head.4.weight", {1}, std::vector<float>{2}},
                     {"head.7.weight", {2}, std::vector<float>{3, -1}},
                     {"head.7.bias", {1}, std::vector<float>{0.5f}}};
  scale_logits(model, 1.5);
  EXPECT_EQ(model[0].floats(), std::vector<float>{2});
  EXPECT_EQ(model[1].floats(), (std::vector<float>{4.5f, -1.5f}));
  EXPECT_EQ(model[2].floats(), std::vector<float>{0.75f});
}

}  // namespace
}  // namespace bart
