#pragma once

#include <cstdint>

namespace bart {

/// One step of torch.optim.Adam (betas 0.9 / 0.999, eps 1e-8, no weight decay) on `count` values at once, in
/// the order of operations of its single-tensor path (torch/optim/adam.py).
void adam_step(std::int64_t count,  // a multiple of 16
               std::int64_t step,   // of this update, from 1
               double learning_rate,
               const float* gradient,  // [count]
               float* exp_avg,         // [count]
               float* exp_avg_sq,      // [count]
               float* parameter);      // [count]

}  // namespace bart
