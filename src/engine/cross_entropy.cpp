#include "cross_entropy.h"

#include <algorithm>
#include <cmath>

namespace bart {

namespace {

double weight_of(std::int32_t label, std::span<const float> weights) {
  return weights.empty() ? 1.0 : static_cast<double>(weights[static_cast<std::size_t>(label)]);
}

/// What the loss of the batch is divided by.
double total_weight(std::span<const std::int32_t> labels, std::span<const float> weights) {
  double total = 0;
  for (const std::int32_t label : labels) total += weight_of(label, weights);
  return total;
}

}  // namespace

CrossEntropy cross_entropy(std::int64_t n, std::int64_t classes, const float* logits,
                           std::span<const std::int32_t> labels, std::span<const float> weights,
                           float* dlogits) {
  // In double: a batch's few thousand exponentials cost nothing, and the gradient starts without rounding.
  const double total = total_weight(labels, weights);
  double loss = 0;
  int correct = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    const float* row = logits + i * classes;
    float* drow = dlogits + i * classes;
    const std::int32_t label = labels[static_cast<std::size_t>(i)];
    const float* largest = std::max_element(row, row + classes);
    double sum = 0;
    for (std::int64_t c = 0; c < classes; ++c) sum += std::exp(static_cast<double>(row[c]) - *largest);
    const double weight = weight_of(label, weights);
    loss += weight * (std::log(sum) - (static_cast<double>(row[label]) - *largest));
    for (std::int64_t c = 0; c < classes; ++c) {
      const double probability = std::exp(static_cast<double>(row[c]) - *largest) / sum;
      drow[c] = static_cast<float>(weight * (probability - (c == label ? 1 : 0)) / total);
    }
    correct += largest - row == label;
  }
  return {static_cast<float>(loss / total), correct};
}

}  // namespace bart
