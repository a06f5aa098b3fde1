#pragma once

#include <cstdint>
#include <span>

namespace bart {

struct CrossEntropy {
  float loss;   // mean over the batch
  int correct;  // rows whose first largest logit is the label's
};

/// Mean cross entropy of softmax(logits), and its gradient.
CrossEntropy cross_entropy(std::int64_t n, std::int64_t classes,
                           const float* logits,                   // [n, classes]
                           std::span<const std::int32_t> labels,  // [n]
                           float* dlogits);                       // [n, classes]

}  // namespace bart
