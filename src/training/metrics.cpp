#include "bart/training/metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "bart/engine/softmax.h"
#include "bart/platform/error.h"
#include "check_predictions.h"

namespace bart {
namespace {

/// numpy's sum of a contiguous array, whose order of additions decides the last bit: pairwise, with eight
/// partial sums for fewer than 128 values (numpy/_core/src/umath/loops_utils.h.src).
double numpy_sum(std::span<const double> values) {
  const std::size_t n = values.size();
  if (n < 8) {
    double sum = 0;
    for (const double value : values) sum += value;
    return sum;
  }
  if (n > 128) {
    const std::size_t half = n / 2 - n / 2 % 8;
    return numpy_sum(values.first(half)) + numpy_sum(values.subspan(half));
  }
  std::array<double, 8> r{};
  std::copy_n(values.begin(), 8, r.begin());
  std::size_t i = 8;
  for (; i + 8 <= n; i += 8) {
    for (std::size_t k = 0; k < 8; ++k) r[k] += values[i + k];
  }
  double sum = ((r[0] + r[1]) + (r[2] + r[3])) + ((r[4] + r[5]) + (r[6] + r[7]));
  for (; i < n; ++i) sum += values[i];
  return sum;
}

double ratio(std::int64_t part, std::int64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

/// The mean of one figure over classes, weighted by support or not at all.
double mean(const std::vector<ClassScores>& classes, double Scores::*figure, bool by_support) {
  std::vector<double> values;
  double weights = 0;
  for (const ClassScores& row : classes) {
    const double weight = by_support ? static_cast<double>(row.support) : 1;
    values.push_back(row.scores.*figure * weight);
    weights += weight;
  }
  return numpy_sum(values) / weights;
}

Scores means(const std::vector<ClassScores>& classes, bool by_support) {
  return {mean(classes, &Scores::precision, by_support), mean(classes, &Scores::recall, by_support),
          mean(classes, &Scores::f1, by_support)};
}

/// The number of classes that are more probable than that of the label: 0 if the prediction is correct.
std::size_t rank_of_label(std::span<const float> logits, std::int32_t true_label) {
  const auto label = static_cast<std::size_t>(true_label);
  std::size_t rank = 0;
  for (std::size_t c = 0; c < logits.size(); ++c) {
    rank += logits[c] > logits[label] || (logits[c] == logits[label] && c < label);
  }
  return rank;
}

constexpr std::size_t most_classes = 65'536;

void check(const ConfusionMatrix& matrix) {
  if (matrix.classes > most_classes || matrix.counts.size() != matrix.classes * matrix.classes)
    throw Error(fmt::format("{} counts do not make a confusion matrix of {} classes", matrix.counts.size(),
                            matrix.classes));
  if (std::ranges::any_of(matrix.counts, [](std::int64_t count) { return count < 0; }))
    throw Error("a count of the confusion matrix is negative");
}

}  // namespace

std::int64_t ConfusionMatrix::support(std::int32_t truth) const {
  check(*this);
  if (truth < 0 || std::cmp_greater_equal(truth, classes))
    throw Error(fmt::format("the label {} is not one of the {} classes", truth, classes));
  const auto row = counts.begin() + static_cast<std::ptrdiff_t>(static_cast<std::size_t>(truth) * classes);
  return std::accumulate(row, row + static_cast<std::ptrdiff_t>(classes), std::int64_t{0});
}

ConfusionMatrix confusion_matrix(std::span<const std::int32_t> labels,
                                 std::span<const std::int32_t> predicted, std::size_t classes) {
  if (labels.size() != predicted.size()) {
    throw Error(
        fmt::format("{} labels cannot be compared with {} predictions", labels.size(), predicted.size()));
  }
  if (classes > most_classes)
    throw Error(fmt::format("{} classes are too many for a confusion matrix", classes));
  const auto is_class = [&](std::int32_t label) {
    return std::cmp_greater_equal(label, 0) && std::cmp_less(label, classes);
  };
  if (!std::ranges::all_of(labels, is_class) || !std::ranges::all_of(predicted, is_class)) {
    throw Error(fmt::format("a label is not one of the {} classes", classes));
  }
  ConfusionMatrix matrix{classes, std::vector<std::int64_t>(classes * classes)};
  for (std::size_t i = 0; i < labels.size(); ++i) {
    ++matrix.counts[static_cast<std::size_t>(labels[i]) * classes + static_cast<std::size_t>(predicted[i])];
  }
  return matrix;
}

ClassificationReport classification_report(const ConfusionMatrix& matrix) {
  check(matrix);
  ClassificationReport report;
  const auto classes = static_cast<std::int32_t>(matrix.classes);
  for (std::int32_t c = 0; c < classes; ++c) {
    ClassScores row{.label = c, .support = matrix.support(c)};
    for (std::int32_t truth = 0; truth < classes; ++truth) row.predicted += matrix.at(truth, c);
    if (row.support + row.predicted == 0) continue;
    const std::int64_t hits = matrix.at(c, c);
    row.scores = {ratio(hits, row.predicted), ratio(hits, row.support),
                  ratio(2 * hits, row.support + row.predicted)};
    report.classes.push_back(row);
    report.support += row.support;
    report.right += hits;
  }
  report.accuracy = ratio(report.right, report.support);
  report.macro = means(report.classes, false);
  report.weighted = means(report.classes, true);
  return report;
}

std::vector<Confusion> most_confused(const ConfusionMatrix& matrix) {
  check(matrix);
  std::vector<Confusion> mistakes;
  const auto classes = static_cast<std::int32_t>(matrix.classes);
  for (std::int32_t truth = 0; truth < classes; ++truth) {
    for (std::int32_t predicted = 0; predicted < classes; ++predicted) {
      const std::int64_t pictures = matrix.at(truth, predicted);
      if (truth != predicted && pictures > 0) mistakes.push_back({truth, predicted, pictures});
    }
  }
  std::ranges::stable_sort(mistakes, std::ranges::greater(), &Confusion::pictures);
  return mistakes;
}

double top_k_accuracy(const Predictions& predictions, std::size_t k) {
  check(predictions);
  std::int64_t right = 0;
  for (std::size_t i = 0; i < predictions.size(); ++i) {
    right += rank_of_label(predictions.row(i), predictions.labels[i]) < k;
  }
  return ratio(right, static_cast<std::int64_t>(predictions.size()));
}

double cross_entropy(const Predictions& predictions) {
  check(predictions);
  double sum = 0;
  for (std::size_t i = 0; i < predictions.size(); ++i) {
    const std::span<const float> row = predictions.row(i);
    const double largest = *std::ranges::max_element(row);
    double exponentials = 0;
    for (const float logit : row) exponentials += std::exp(logit - largest);
    sum += std::log(exponentials) + largest - row[static_cast<std::size_t>(predictions.labels[i])];
  }
  return sum / static_cast<double>(predictions.size());
}

Calibration calibration(const Predictions& predictions) {
  check(predictions);
  Calibration result;
  for (std::size_t i = 0; i < predictions.size(); ++i) {
    const std::vector<double> probabilities = softmax(predictions.row(i));
    const double confidence = *std::ranges::max_element(probabilities);
    std::size_t m = 0;
    while (m + 1 < calibration_bins && confidence > static_cast<double>(m + 1) / calibration_bins) ++m;
    CalibrationBin& bin = result.bins[m];
    ++bin.pictures;
    bin.confidence += confidence;
    bin.accuracy += rank_of_label(predictions.row(i), predictions.labels[i]) == 0;
  }
  for (CalibrationBin& bin : result.bins) {
    if (bin.pictures == 0) continue;
    const auto pictures = static_cast<double>(bin.pictures);
    result.expected_error +=
        std::abs(bin.accuracy - bin.confidence) / static_cast<double>(predictions.size());
    bin.confidence /= pictures;
    bin.accuracy /= pictures;
  }
  return result;
}

Evaluation evaluate(const Predictions& predictions) {
  if (predictions.size() == 0) throw Error("there is no picture to evaluate");
  check(predictions);
  Evaluation evaluation;
  evaluation.confusion =
      confusion_matrix(predictions.labels, predicted_labels(predictions), predictions.classes);
  evaluation.report = classification_report(evaluation.confusion);
  evaluation.top5_accuracy = top_k_accuracy(predictions, 5);
  evaluation.loss = cross_entropy(predictions);
  evaluation.calibration = calibration(predictions);
  return evaluation;
}

}  // namespace bart
