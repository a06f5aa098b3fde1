#pragma once

#include <cstdint>

#include "bart/platform/bf16.h"

namespace bart {

/// A bfloat16: the upper half of the bits of a float.
struct Bf16 {
  std::uint16_t bits;
};

inline float float_of(float value) {
  return value;
}

inline float float_of(Bf16 value) {
  return float_of_bf16(value.bits);
}

inline Bf16 nearest_bf16(float value) {
  return {nearest_bf16_bits(value)};
}

}  // namespace bart
