#pragma once

#include <cstdint>

#include "team.h"

namespace bart {

/// What one step of Adam depends on besides the values. The defaults are the original's.
struct AdamRule {
  double learning_rate;
  double beta1 = 0.9;  // at least 0.5, below which PyTorch rounds otherwise
  double beta2 = 0.999;
  double eps = 1e-8;
  double weight_decay = 0;  // decoupled: parameters are first multiplied by 1 - learning_rate * weight_decay
};

/// One step of torch.optim.AdamW, which is torch.optim.Adam where there is no weight decay, on `count` values
/// at once, in the order of operations of their single-tensor path (torch/optim/adam.py).
void adam_step(const Team& team, std::int64_t count,  // a multiple of 16
               std::int64_t step,                     // of this update, from 1
               const AdamRule& rule,
               const float* gradient,  // [count]
               float* exp_avg,         // [count]
               float* exp_avg_sq,      // [count]
               float* parameter);      // [count]

}  // namespace bart
