#pragma once

#include <cstddef>
#include <cstdint>

#include "bart/engine/precision.h"
#include "bf16.h"

namespace bart {

/// Bytes of one number.
inline std::size_t bytes_of(Precision precision) {
  return precision == Precision::bf16 ? sizeof(Bf16) : sizeof(float);
}

/// Activations, or their gradients, in memory, in either precision.
struct ActivationArray {
  void* data;
  Precision precision;

  /// The part from the element `index` on.
  ActivationArray at(std::int64_t index) const {
    return {static_cast<std::uint8_t*>(data) + static_cast<std::size_t>(index) * bytes_of(precision),
            precision};
  }
};

/// What a convolution does to its inputs as it reads them: relu(x * scale + shift), like
/// normalize_relu_forward() before it. nullptr: the inputs are taken as they are.
struct SourceNormalization {
  const float* scale = nullptr;  // [I]
  const float* shift = nullptr;  // [I]

  /// The part from a channel on.
  SourceNormalization at(std::int64_t channel) const {
    return scale == nullptr ? *this : SourceNormalization{scale + channel, shift + channel};
  }
};

}  // namespace bart
