#pragma once

#include <cstdint>

namespace bart {

/// The IEEE 754 binary16 nearest to `value`, halves to even; beyond its range an infinity.
std::uint16_t half_from_float(float value);

float float_from_half(std::uint16_t half);

}  // namespace bart
