#pragma once

#include <cstdint>

#include "block.h"
#include "parameters.h"

namespace bart::cuda {

BART_DEVICE double class_weight(const LossArguments& a, std::int32_t c) {
  return a.scalars->weighted != 0 ? static_cast<double>(a.class_weights[c]) : 1.0;
}

/// The loss as torch.nn.CrossEntropyLoss(weight, label_smoothing) defines it, of logits that are adjusted
/// (Menon et al. 2021), and its gradient. In double, as on the processor. One block computes it: logits are
/// few.
struct CrossEntropyLoss {
  template <class Block>
  BART_DEVICE static void run(const Block& block, const LossArguments& a) {
    struct Shared {
      double weights[Block::threads], losses[Block::threads];
      std::int32_t correct[Block::threads];
    };
    BART_SHARED(Shared, shared);
    block.phase([&](int thread) {
      double sum = 0;
      for (int i = thread; i < a.pictures; i += Block::threads) sum += class_weight(a, a.labels[i]);
      shared.weights[thread] = sum;
    });
    add_up(block, shared.weights);
    block.phase([&](int thread) {
      shared.losses[thread] = 0;
      shared.correct[thread] = 0;
      for (int i = thread; i < a.pictures; i += Block::threads) {
        shared.correct[thread] += is_correct(a, i) ? 1 : 0;
        shared.losses[thread] += picture_loss(a, i, shared.weights[0]);
      }
    });
    add_up(block, shared.losses);
    add_up(block, shared.correct);
    block.phase([&](int thread) {
      if (thread != 0) return;
      StepOutcome& outcome = a.outcomes[a.scalars->outcome];
      outcome.loss = shared.losses[0] / shared.weights[0];
      outcome.correct = shared.correct[0];
    });
  }

 private:
  BART_DEVICE static bool is_correct(const LossArguments& a, std::int64_t i) {
    const float* row = a.logits + i * a.classes;
    int best = 0;
    for (int c = 1; c < a.classes; ++c) {
      if (row[c] > row[best]) best = c;
    }
    return best == a.labels[i];
  }

  BART_DEVICE static double adjusted(const LossArguments& a, std::int64_t i, int c) {
    const double logit = a.logits[i * a.classes + c];
    return a.scalars->adjusted != 0 ? logit + a.adjustments[c] : logit;
  }

  /// The part of a picture, before the division by the weights of all, and the gradient after it.
  BART_DEVICE static double picture_loss(const LossArguments& a, std::int64_t i, double total) {
    const std::int32_t label = a.labels[i];
    const double smoothing = a.scalars->smoothing, spread = smoothing / a.classes;
    double largest = adjusted(a, i, 0), weights = class_weight(a, 0);
    for (int c = 1; c < a.classes; ++c) {
      const double logit = adjusted(a, i, c);
      if (logit > largest) largest = logit;
      weights += class_weight(a, c);
    }
    double sum = 0;
    for (int c = 0; c < a.classes; ++c) sum += exp(adjusted(a, i, c) - largest);
    const double log_sum = log(sum), weight = class_weight(a, label);
    const double target = (1 - smoothing) * weight + spread * weights;  // of all classes together
    double loss = 0;
    for (int c = 0; c < a.classes; ++c) {
      const double share = spread * class_weight(a, c) + (c == label ? (1 - smoothing) * weight : 0);
      const double log_probability = adjusted(a, i, c) - largest - log_sum;
      if (share != 0) loss -= share * log_probability;
      a.gradient[i * a.classes + c] = static_cast<float>((target * exp(log_probability) - share) / total);
    }
    return loss;
  }
};

}  // namespace bart::cuda
