#pragma once

#include <bit>
#include <cstdint>

namespace bart {

/// The float of a bfloat16, as PyTorch stores it: these bits are its upper half.
inline float float_of_bf16(std::uint16_t bits) {
  return std::bit_cast<float>(std::uint32_t{bits} << 16);
}

/// The bits of the bfloat16 nearest to a float, of two equally near ones of the even one. Not for NaN.
inline std::uint16_t nearest_bf16_bits(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  return static_cast<std::uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

}  // namespace bart
