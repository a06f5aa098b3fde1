#pragma once

#include <cstdint>

namespace bart {

/// torch.nn.utils.clip_grad_norm_ (torch/nn/utils/clip_grad.py) on all gradients at once: where their norm is
/// above `max_norm`, they are multiplied by max_norm / (norm + 1e-6). Returns the norm before. The sum is in
/// double and in one order, whatever the number of threads.
double clip_gradients(float* gradients,  // [count]
                      std::int64_t count, double max_norm);

}  // namespace bart
