#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "bart/training/predictions.h"

namespace bart {

/// Pictures counted by true class and predicted class.
struct ConfusionMatrix {
  std::size_t classes = 0;
  std::vector<std::int64_t>
      counts;  // [classes, classes]: one row per true class, one column per predicted class

  std::int64_t at(std::int32_t truth, std::int32_t predicted) const {
    return counts[static_cast<std::size_t>(truth) * classes + static_cast<std::size_t>(predicted)];
  }
  /// The number of pictures of a class.
  std::int64_t support(std::int32_t truth) const;
};

/// Counts `labels` and `predicted`, both [n]. Throws Error when they differ in length or hold a label outside
/// 0 to classes - 1.
ConfusionMatrix confusion_matrix(std::span<const std::int32_t> labels,
                                 std::span<const std::int32_t> predicted, std::size_t classes);

/// A figure is 0 if its denominator is 0, as with scikit-learn's zero_division="warn".
struct Scores {
  double precision = 0;  // correct predictions / all predictions of the class
  double recall = 0;     // correct predictions / pictures of the class
  double f1 = 0;         // 2 * correct predictions / (pictures of the class + predictions of the class)
};

struct ClassScores {
  std::int32_t label = 0;
  Scores scores = {};
  std::int64_t support = 0;    // pictures of the class
  std::int64_t predicted = 0;  // pictures predicted as the class
};

/// scikit-learn 1.9's classification_report, every figure to the last bit.
struct ClassificationReport {
  std::vector<ClassScores>
      classes;               // the classes with a picture or a prediction, ascending; the others do not count
  double accuracy = 0;       // also the micro average of precision, recall and F1
  Scores macro;              // mean over `classes`
  Scores weighted;           // the same, weighted by support
  std::int64_t support = 0;  // all pictures
  std::int64_t right = 0;    // pictures whose predicted class is the true one
};

/// The report on a matrix of at least one picture.
ClassificationReport classification_report(const ConfusionMatrix& matrix);

/// The report as scikit-learn prints it; `names` are those of all classes. Columns are as wide as on a
/// terminal, whereas scikit-learn counts code points; the two differ for Chinese, Japanese, Korean and emoji.
std::string classification_report_text(const ClassificationReport& report,
                                       const std::vector<std::string>& names, int digits = 2);

/// A pair of classes that were confused, and how often.
struct Confusion {
  std::int32_t truth = 0;
  std::int32_t predicted = 0;
  std::int64_t pictures = 0;
};

/// All confused pairs, the most frequent first; equally frequent ones are ordered by true and then by
/// predicted class.
std::vector<Confusion> most_confused(const ConfusionMatrix& matrix);

/// The share of pictures whose class is among the `k` classes with the largest logits: top-k accuracy. Of
/// equal logits that of the first class counts as the larger, so that k = 1 gives the accuracy.
double top_k_accuracy(const Predictions& predictions, std::size_t k);

/// The mean of -log p(true class) over the pictures, as in torch.nn.CrossEntropyLoss. It is computed in
/// double from the logits, so that it stays finite when the probability is 0 as a float.
double cross_entropy(const Predictions& predictions);

struct CalibrationBin {
  std::int64_t pictures = 0;
  double confidence = 0;  // mean probability of the predicted class; 0 in an empty bin
  double accuracy = 0;    // share of correct predictions
};

inline constexpr std::size_t calibration_bins = 15;

struct Calibration {
  std::array<CalibrationBin, calibration_bins> bins;  // bin m holds confidences in (m / 15, (m + 1) / 15]
  double expected_error = 0;
};

/// The expected calibration error as Guo, Pleiss, Sun & Weinberger define it (On Calibration of Modern Neural
/// Networks, ICML 2017, section 2): sum over bins of pictures / n * |accuracy - confidence|, with the 15 bins
/// of equal width of their experiments.
Calibration calibration(const Predictions& predictions);

/// How good a classifier is on a set of pictures.
struct Evaluation {
  ConfusionMatrix confusion;
  ClassificationReport report;
  double top5_accuracy = 0;
  double loss = 0;
  Calibration calibration;
};

/// The evaluation of predictions for at least one picture. Throws Error when there is none, or when labels
/// and logits do not fit each other.
Evaluation evaluate(const Predictions& predictions);

}  // namespace bart
