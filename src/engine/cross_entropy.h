#pragma once

#include <cstdint>
#include <span>

namespace bart {

struct CrossEntropy {
  float loss;   // mean over the batch, each row weighted by the class of its label
  int correct;  // rows whose first largest logit is the label's
};

/// Mean cross entropy of softmax(logits), and its gradient, as torch.nn.CrossEntropyLoss(weight) has them.
CrossEntropy cross_entropy(std::int64_t n, std::int64_t classes,
                           const float* logits,                   // [n, classes]
                           std::span<const std::int32_t> labels,  // [n]
                           std::span<const float> weights,        // [classes], or empty: all 1
                           float* dlogits);                       // [n, classes]

}  // namespace bart
