#include "bart/training/precision_recall.h"

#include <gtest/gtest.h>

#include <cmath>

namespace bart {
namespace {

/// Predictions of two classes with these probabilities of class 1.
Predictions with_probabilities(const std::vector<double>& probabilities, std::vector<std::int32_t> labels) {
  Predictions predictions{2, std::move(labels), {}};
  for (const double p : probabilities) {
    predictions.logits.push_back(0);
    predictions.logits.push_back(static_cast<float>(std::log(p / (1 - p))));
  }
  return predictions;
}

TEST(PrecisionRecall, HasTheAveragePrecisionOfScikitLearn) {
  // The example of sklearn.metrics.average_precision_score: 0.8333...
  const auto curves = precision_recall(with_probabilities({0.1, 0.4, 0.35, 0.8}, {0, 0, 1, 1}));
  EXPECT_NEAR(curves.at(1).average_precision, 5.0 / 6, 1e-12);
  EXPECT_EQ(curves.at(1).support, 2);
}

TEST(PrecisionRecall, ThresholdsReachWhatIsAskedForAndNoOtherOneFindsMore) {
  std::vector<double> probabilities;
  std::vector<std::int32_t> labels;
  for (int i = 0; i < 60; ++i) {
    probabilities.push_back(0.05 + 0.9 * ((i * 37) % 60) / 60.0);
    labels.push_back((i * 37) % 60 + (i * 23) % 40 > 50);
  }
  const PrecisionRecall curve = precision_recall(with_probabilities(probabilities, labels)).at(1);
  const auto measured = [&](double threshold) {
    int reached = 0, correct = 0;
    for (std::size_t i = 0; i < labels.size(); ++i) {
      reached += probabilities[i] >= threshold;
      correct += probabilities[i] >= threshold && labels[i] == 1;
    }
    return std::pair(reached > 0 ? double(correct) / reached : 0.0, double(correct) / double(curve.support));
  };
  for (std::size_t i = 1; i < curve.best.size(); ++i) {
    EXPECT_GT(curve.best[i].precision, curve.best[i - 1].precision);
    EXPECT_LT(curve.best[i].recall, curve.best[i - 1].recall);
  }
  for (const double wanted : {0.1, 0.5, 0.7, 0.8, 0.9, 0.95, 1.0}) {
    double most = 0;  // recall of any threshold that is precise enough
    for (const double threshold : probabilities) {
      const auto [precision, recall] = measured(threshold - 1e-6);
      if (precision >= wanted) most = std::max(most, recall);
    }
    const auto point = point_with_precision(curve, wanted);
    ASSERT_EQ(point.has_value(), most > 0) << wanted;
    if (!point) continue;
    EXPECT_DOUBLE_EQ(point->recall, most) << wanted;
    EXPECT_EQ(measured(point->threshold), std::pair(point->precision, point->recall)) << wanted;
    EXPECT_GE(point->precision, wanted);
  }
}

TEST(PrecisionRecall, AClassWithoutPicturesHasNoCurve) {
  const auto curves = precision_recall(with_probabilities({0.2, 0.6}, {0, 0}));
  EXPECT_EQ(curves.at(1).support, 0);
  EXPECT_TRUE(curves.at(1).best.empty());
}

}  // namespace
}  // namespace bart
