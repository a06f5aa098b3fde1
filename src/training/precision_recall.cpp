#include "bart/training/precision_recall.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>

#include "bart/engine/softmax.h"
#include "check_predictions.h"

namespace bart {
namespace {

/// The number with the fewest decimals that is above `below` and at most `at_most`, so that it tells the two
/// apart.
double short_threshold(double below, double at_most) {
  double scale = 1;
  for (int decimals = 1; decimals <= 15; ++decimals) {
    scale *= 10;
    const double number = std::floor(at_most * scale) / scale;
    if (number > below && number <= at_most) return number;
  }
  return at_most;
}

/// `ranked` are probabilities and whether the picture is of the class.
PrecisionRecall curve_of(std::vector<std::pair<double, bool>> ranked) {
  PrecisionRecall curve;
  for (const auto& [probability, of_class] : ranked) curve.support += of_class;
  if (curve.support == 0) return curve;
  std::ranges::sort(ranked, std::greater<>(), [](const auto& one) { return one.first; });
  std::vector<OperatingPoint> points;
  std::int64_t correct = 0;
  double recall = 0;
  for (std::size_t i = 0; i < ranked.size(); ++i) {
    correct += ranked[i].second;
    const double next = i + 1 < ranked.size() ? ranked[i + 1].first : -1;
    if (next == ranked[i].first) continue;  // no threshold tells equal probabilities apart
    const double precision = static_cast<double>(correct) / static_cast<double>(i + 1);
    const double reached = static_cast<double>(correct) / static_cast<double>(curve.support);
    curve.average_precision += precision * (reached - recall);
    recall = reached;
    points.push_back({short_threshold(next, ranked[i].first), precision, recall});
  }
  for (auto point = points.rbegin(); point != points.rend(); ++point) {
    if (point->recall == 0 || (!curve.best.empty() && point->precision <= curve.best.back().precision))
      continue;
    if (!curve.best.empty() && curve.best.back().recall == point->recall) curve.best.pop_back();
    curve.best.push_back(*point);
  }
  return curve;
}

}  // namespace

std::vector<PrecisionRecall> precision_recall(const Predictions& predictions) {
  check(predictions);
  std::vector<std::vector<std::pair<double, bool>>> ranked(predictions.classes);
  for (std::size_t i = 0; i < predictions.size(); ++i) {
    const std::vector<double> probabilities = softmax(predictions.row(i));
    for (std::size_t c = 0; c < predictions.classes; ++c) {
      ranked[c].emplace_back(probabilities[c], static_cast<std::size_t>(predictions.labels[i]) == c);
    }
  }
  std::vector<PrecisionRecall> curves;
  for (auto& of_class : ranked) curves.push_back(curve_of(std::move(of_class)));
  return curves;
}

std::optional<OperatingPoint> point_with_precision(const PrecisionRecall& curve, double precision) {
  const auto found = std::ranges::find_if(
      curve.best, [&](const OperatingPoint& point) { return point.precision >= precision; });
  return found == curve.best.end() ? std::nullopt : std::optional(*found);
}

}  // namespace bart
