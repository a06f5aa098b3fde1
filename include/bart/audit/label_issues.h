#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace bart {

/// Pictures with the labels that they have and the probabilities that a model gives them which was not
/// trained on them.
struct OutOfSample {
  std::size_t classes = 0;
  std::vector<std::int32_t> labels;   // [n]
  std::vector<double> probabilities;  // [n, classes]

  std::size_t size() const { return labels.size(); }
  std::span<const double> row(std::size_t i) const {
    return std::span(probabilities).subspan(i * classes, classes);
  }
};

/// By which score label issues are ordered, the most doubtful label first.
enum class IssueRanking {
  self_confidence,    // the probability of the label
  normalized_margin,  // (the probability of the label - the largest of another class + 1) / 2
};

/// For each class the mean probability of the class over the pictures that have its label (Northcutt, Jiang &
/// Chuang, Confident Learning: Estimating Uncertainty in Dataset Labels, JAIR 70, 2021, equation 2); 2 for a
/// class without pictures, which no probability reaches.
std::vector<double> confident_thresholds(const OutOfSample& data);

/// The confident joint [label, probable true class] of equation 1, calibrated so that each row sums to the
/// number of pictures with the label, and rounded.
std::vector<std::int64_t> confident_joint(const OutOfSample& data);

/// The score of each picture's label, from 0 (surely wrong) to 1.
std::vector<double> label_scores(const OutOfSample& data, IssueRanking ranking);

/// The pictures whose label is probably wrong, the most doubtful first: for each pair of classes as many as
/// the confident joint counts, those with the largest margin ("prune by noise rate"), without those for which
/// the label is the most probable class. The list is that of cleanlab 2.9's
/// find_label_issues(labels, probabilities, return_indices_ranked_by=…) where numpy sorts stably: of equal
/// values the earlier one comes first. (With numpy's own order of equal values, which depends on the
/// processor, the counts of some pairs differ by one.) A class with a single picture has no issues.
std::vector<std::uint32_t> label_issues(const OutOfSample& data, IssueRanking ranking);

}  // namespace bart
