#include "activation.h"

#include <bit>

namespace bart {
namespace {

/// x, or 0. Dropout's pattern is random: a branch would be predicted wrongly half of the time.
float kept_if(bool keep, float x) {
  return std::bit_cast<float>(std::bit_cast<std::uint32_t>(x) & (0u - static_cast<std::uint32_t>(keep)));
}

}  // namespace

// For a few thousand elements one thread is done before a second one would wake up.

void relu_dropout_forward(std::int64_t count, const std::uint8_t* keep, float scale, float* x) {
  for (std::int64_t i = 0; i < count; ++i) x[i] = kept_if(!(x[i] < 0), x[i]);  // lets NaN through
  if (keep == nullptr) return;
  for (std::int64_t i = 0; i < count; ++i) x[i] = kept_if(keep[i] != 0, x[i] * scale);
}

void relu_dropout_backward(std::int64_t count, const float* y, float scale, float* dy) {
  for (std::int64_t i = 0; i < count; ++i) dy[i] = kept_if(y[i] > 0, dy[i] * scale);
}

}  // namespace bart
