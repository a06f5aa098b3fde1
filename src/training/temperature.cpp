#include "bart/training/temperature.h"

#include <algorithm>
#include <cmath>
#include <span>
#include <variant>

#include "bart/network/state_dict.h"
#include "bart/platform/error.h"
#include "check_predictions.h"

namespace bart {
namespace {

constexpr double least = 0.125, most = 8;

/// The derivative, with respect to `factor`, of the mean cross entropy of the logits times `factor`: the
/// expected logit minus the logit of the true class. It grows with the factor, because the cross entropy is
/// convex in it. The labels are smoothed as if there were one more picture, of unknown class: otherwise a
/// model that is right everywhere would get an infinite factor.
double slope(const Predictions& predictions, double factor) {
  const double unknown = 1 / static_cast<double>(predictions.size() + 1);
  double sum = 0;
  for (std::size_t i = 0; i < predictions.size(); ++i) {
    const std::span<const float> logits = predictions.row(i);
    const auto largest = static_cast<double>(*std::ranges::max_element(logits));
    double total = 0, expected = 0, all = 0;
    for (const float logit : logits) {
      const double below = static_cast<double>(logit) - largest;
      const double weight = std::exp(factor * below);
      total += weight;
      expected += weight * below;
      all += below;
    }
    const double right =
        static_cast<double>(logits[static_cast<std::size_t>(predictions.labels[i])]) - largest;
    sum += expected / total - (1 - unknown) * right - unknown * all / static_cast<double>(logits.size());
  }
  return sum / static_cast<double>(predictions.size());
}

}  // namespace

double fitting_factor(const Predictions& predictions) {
  check(predictions);
  if (predictions.size() == 0) return 1;
  double low = least, high = most;
  while (high - low > 1.0 / 256) {
    const double middle = (low + high) / 2;
    (slope(predictions, middle) < 0 ? low : high) = middle;
  }
  return std::clamp(std::round(64 * low) / 64, least, most);
}

void scale_logits(StateDict& model, double factor) {
  if (!(factor > 0 && std::isfinite(factor)) || model.size() < 2)
    throw Error("the last layer of a model can be scaled by a factor above 0");
  for (const Tensor& tensor : std::span(model).last(2)) {
    if (!std::holds_alternative<std::vector<float>>(tensor.values))
      throw Error("the model does not end with a layer that has weights and a bias");
  }
  const auto scale = static_cast<float>(factor);
  // The last two tensors of the network: the weights of its last layer, and the bias.
  for (Tensor& tensor : std::span(model).last(2)) {
    for (float& value : tensor.floats()) value *= scale;
  }
}

}  // namespace bart
