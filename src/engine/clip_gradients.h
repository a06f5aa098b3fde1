#pragma once

#include <cstdint>

#include "team.h"

namespace bart {

/// The L2 norm of all gradients, taken together. The sum is in double and in one order, whatever the number
/// of threads.
double gradient_norm(const Team& team, const float* gradients, std::int64_t count);

/// torch.nn.utils.clip_grad_norm_ (torch/nn/utils/clip_grad.py) on all gradients at once: where their norm is
/// above `max_norm`, they are multiplied by max_norm / (norm + 1e-6). Returns the norm before. Infinity
/// changes nothing, nor does a norm that is not finite.
double clip_gradients(const Team& team, float* gradients, std::int64_t count, double max_norm);

}  // namespace bart
