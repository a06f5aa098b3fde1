#pragma once

#include <cstddef>
#include <cstdint>

#include "bart/engine/engine.h"

namespace bart {

/// A bfloat16: the upper half of a float's bits.
struct Bf16 {
  std::uint16_t bits;
};

/// Bytes of one number.
inline std::size_t bytes_of(Precision precision) {
  return precision == Precision::bf16 ? sizeof(Bf16) : sizeof(float);
}

/// Activations, or their gradients, in memory.
struct Activations {
  void* data;
  Precision precision;

  /// From the element `index` on.
  Activations at(std::int64_t index) const {
    return {static_cast<std::uint8_t*>(data) + static_cast<std::size_t>(index) * bytes_of(precision),
            precision};
  }
};

}  // namespace bart
