#pragma once

#include <cstdint>
#include <span>

namespace bart {

struct CrossEntropy {
  float loss;   // mean over the batch, each row weighted by the class of its label
  int correct;  // rows whose first largest logit is that of the label
};

/// The differences of a training's loss from the plain mean cross entropy.
struct LossRule {
  std::span<const float> weights = {};      // [classes], or empty: all 1
  std::span<const float> adjustments = {};  // [classes], added to every row's logits, or empty: all 0
  double smoothing = 0;                     // share of the target that is spread evenly over all classes
};

/// The mean cross entropy of softmax(logits) and its gradient, as in torch.nn.CrossEntropyLoss(weight,
/// label_smoothing). With adjustments of tau * log(share of the class) it is the logit-adjusted loss of Menon
/// et al. 2021, "Long-tail learning via logit adjustment", equation 10. `correct` counts without adjustments.
CrossEntropy cross_entropy(std::int64_t n, std::int64_t classes,
                           const float* logits,                   // [n, classes]
                           std::span<const std::int32_t> labels,  // [n]
                           const LossRule& rule,
                           float* dlogits);  // [n, classes]

}  // namespace bart
