#pragma once

#include <bit>
#include <cstdint>

namespace bart {

/// The float of a bfloat16, as PyTorch stores it: these bits are its upper half.
inline float float_of_bf16(std::uint16_t bits) {
  return std::bit_cast<float>(std::uint32_t{bits} << 16);
}

}  // namespace bart
