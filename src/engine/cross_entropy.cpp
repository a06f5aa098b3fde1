#include "cross_entropy.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace bart {

namespace {

double weight_of(std::int32_t label, std::span<const float> weights) {
  return weights.empty() ? 1.0 : static_cast<double>(weights[static_cast<std::size_t>(label)]);
}

/// The divisor of the batch's loss.
double total_weight(std::span<const std::int32_t> labels, std::span<const float> weights) {
  double total = 0;
  for (const std::int32_t label : labels) total += weight_of(label, weights);
  return total;
}

}  // namespace

CrossEntropy cross_entropy(std::int64_t n, std::int64_t classes, const float* logits,
                           std::span<const std::int32_t> labels, const LossRule& rule, float* dlogits) {
  // Computed in double, because the few thousand exponentials of a batch cost nothing and the gradient starts
  // without rounding. Each class gets the share of its weight of the smoothed target, as in PyTorch.
  const double spread = rule.smoothing / static_cast<double>(classes);
  double weights = 0;
  for (std::int64_t c = 0; c < classes; ++c) weights += weight_of(static_cast<std::int32_t>(c), rule.weights);
  const double total = total_weight(labels, rule.weights);
  double loss = 0;
  int correct = 0;
  std::vector<double> adjusted(static_cast<std::size_t>(classes));
  for (std::int64_t i = 0; i < n; ++i) {
    const float* row = logits + i * classes;
    float* drow = dlogits + i * classes;
    const std::int32_t label = labels[static_cast<std::size_t>(i)];
    correct += std::max_element(row, row + classes) - row == label;
    for (std::size_t c = 0; c < adjusted.size(); ++c) {
      adjusted[c] = row[c];
      if (!rule.adjustments.empty()) adjusted[c] += rule.adjustments[c];
    }
    const double largest = *std::ranges::max_element(adjusted);
    double sum = 0;
    for (const double logit : adjusted) sum += std::exp(logit - largest);
    const double weight = weight_of(label, rule.weights);
    if (rule.smoothing == 0) {
      loss += weight * (std::log(sum) - (adjusted[static_cast<std::size_t>(label)] - largest));
      for (std::int64_t c = 0; c < classes; ++c) {
        const double probability = std::exp(adjusted[static_cast<std::size_t>(c)] - largest) / sum;
        drow[c] = static_cast<float>(weight * (probability - (c == label ? 1 : 0)) / total);
      }
      continue;
    }
    const double target = (1 - rule.smoothing) * weight + spread * weights;  // of all classes together
    for (std::int64_t c = 0; c < classes; ++c) {
      const double share = spread * weight_of(static_cast<std::int32_t>(c), rule.weights) +
                           (c == label ? (1 - rule.smoothing) * weight : 0);
      const double log_probability = adjusted[static_cast<std::size_t>(c)] - largest - std::log(sum);
      loss -= share * log_probability;
      drow[c] = static_cast<float>((target * std::exp(log_probability) - share) / total);
    }
  }
  return {static_cast<float>(loss / total), correct};
}

}  // namespace bart
