#pragma once

#include <cstdint>

#include "block.h"
#include "tile_arithmetic.h"

#ifdef __CUDACC__
#include <cuda_bf16.h>
#endif

// The formats in which activations and their gradients lie in memory.

namespace bart::cuda {

/// The upper half of a float.
struct Bf16 {
  std::uint16_t bits;
};

BART_DEVICE float to_float(float value) {
  return value;
}

BART_DEVICE float to_float(Bf16 value) {
  const std::uint32_t bits = static_cast<std::uint32_t>(value.bits) << 16;
#ifdef __CUDACC__
  return __uint_as_float(bits);
#else
  float result = 0;
  std::memcpy(&result, &bits, sizeof bits);
  return result;
#endif
}

/// The nearest number of a format, of two equally near ones the even one.
template <class Value>
struct Nearest {
  BART_DEVICE static float to(float value) { return value; }
};

template <>
struct Nearest<Bf16> {
  BART_DEVICE static Bf16 to(float value) {
#ifdef __CUDACC__
    return {__bfloat16_as_ushort(__float2bfloat16_rn(value))};
#else
    std::uint32_t bits = 0;
    std::memcpy(&bits, &value, sizeof bits);
    // What is not a number stays so, whatever its lower half.
    if (std::isnan(value)) return {static_cast<std::uint16_t>(bits >> 16 | 0x40)};
    return {static_cast<std::uint16_t>((bits + 0x7fffu + (bits >> 16 & 1)) >> 16)};
#endif
  }
};

/// How activations lie in memory where convolutions multiply so.
template <Arithmetic arithmetic>
struct ActivationOf {
  using Value = float;
};
template <>
struct ActivationOf<Arithmetic::bf16> {
  using Value = Bf16;
};

}  // namespace bart::cuda
