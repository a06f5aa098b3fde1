#include "activation.h"

namespace bart {

// For a few thousand elements one thread is done before a second one would wake up.

void relu_dropout_forward(std::int64_t count, const std::uint8_t* keep, float scale, float* x) {
  for (std::int64_t i = 0; i < count; ++i) {
    const float y = x[i] < 0 ? 0 : x[i];  // lets NaN through
    x[i] = keep == nullptr ? y : (keep[i] != 0 ? y * scale : 0);
  }
}

void relu_dropout_backward(std::int64_t count, const float* y, float scale, float* dy) {
  for (std::int64_t i = 0; i < count; ++i) dy[i] = y[i] > 0 ? dy[i] * scale : 0;
}

}  // namespace bart
