#pragma once

#include <bit>
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

/// The nearest bfloat16, of two equally near ones the even one. Not for NaN.
inline Bf16 nearest_bf16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  return {static_cast<std::uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16)};
}

}  // namespace bart
