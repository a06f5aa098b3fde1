#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "bart/training/predictions.h"

namespace bart {

/// What becomes of a class if a picture counts as this class only with at least this probability.
struct OperatingPoint {
  double threshold = 0;
  double precision = 0;  // the share of correct ones among the pictures that reach the threshold
  double recall = 0;     // the share of the pictures of the class that reach it
};

struct PrecisionRecall {
  std::int64_t support = 0;      // pictures of the class
  double average_precision = 0;  // sum of precision times gain in recall, as scikit-learn defines it
  /// The points that no other point exceeds in both figures, with growing precision and falling recall.
  std::vector<OperatingPoint> best;
};

/// The curves of all classes, each against all others: [classes].
std::vector<PrecisionRecall> precision_recall(const Predictions& predictions);

/// The point with the largest recall whose precision is at least `precision`; nothing if no threshold reaches
/// it.
std::optional<OperatingPoint> point_with_precision(const PrecisionRecall& curve, double precision);

}  // namespace bart
