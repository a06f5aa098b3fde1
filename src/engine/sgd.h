#pragma once

#include <cstdint>

#include "team.h"

namespace bart {

/// What one step of SGD depends on besides the values.
struct SgdRule {
  double learning_rate;
  double momentum = 0.9;
  double weight_decay = 0;  // times the parameter is added to the gradient
};

/// One step of torch.optim.SGD(nesterov=True) on `count` values at once, in the order of operations of its
/// single-tensor path (torch/optim/sgd.py). The momentum is zero before the first step.
///
void sgd_step(const Team& team, std::int64_t count,  // a multiple of 16
              const SgdRule& rule,
              const float* gradient,  // [count]
              float* momentum,        // [count]
              float* parameter);      // [count]

}  // namespace bart
