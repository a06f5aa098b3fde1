#pragma once

#include <cstdint>
#include <string>

#include "bart/network/state_dict.h"

namespace bart {

/// The IEEE 754 binary16 nearest to `value`, ties to even; infinity if `value` exceeds the largest one.
std::uint16_t half_from_float(float value);

float float_from_half(std::uint16_t half);

/// Whether a file with float16 weights stores this tensor as such: only kernels and matrices. The vectors
/// beside them (biases, BatchNorm) would save nothing, and BatchNorm is sensitive to its own.
bool is_half_weight(const Tensor& tensor);

/// The tensor's values as float16, little-endian. Throws Error when one is beyond their range.
std::string half_bytes(const Tensor& tensor);

}  // namespace bart
