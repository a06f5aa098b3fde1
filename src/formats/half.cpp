#include "half.h"

#include <fmt/format.h>

#include <bit>
#include <cmath>

#include "bart/platform/error.h"

namespace bart {

std::uint16_t half_from_float(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const auto sign = static_cast<std::uint16_t>(bits >> 16 & 0x8000);
  if (std::isnan(value)) return sign | 0x7e00;
  const float magnitude = std::abs(value);
  if (magnitude >= 65520) return sign | 0x7c00;  // nearer to 65536 than to the largest half, 65504
  if (magnitude < 0x1p-14f) {
    // Subnormal: a multiple of 2^-24. Adding 0.5, whose last bit is 2^-24, rounds to one.
    return sign | static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(magnitude + 0.5f) - 0x3f000000);
  }
  // 13 of the 23 bits go; a carry runs over into the exponent, as it should.
  const std::uint32_t kept = std::bit_cast<std::uint32_t>(magnitude) - ((127u - 15u) << 23);
  return sign | static_cast<std::uint16_t>((kept + 0xfff + (kept >> 13 & 1)) >> 13);
}

float float_from_half(std::uint16_t half) {
  const int exponent = half >> 10 & 0x1f;
  const int fraction = half & 0x3ff;
  float magnitude;
  if (exponent == 0x1f) {
    magnitude = fraction == 0 ? INFINITY : NAN;
  } else {
    magnitude = exponent == 0 ? std::ldexp(static_cast<float>(fraction), -24)
                              : std::ldexp(static_cast<float>(fraction + 1024), exponent - 25);
  }
  return (half & 0x8000) != 0 ? -magnitude : magnitude;
}

bool is_half_weight(const Tensor& tensor) {
  return tensor.shape.size() >= 2 && std::holds_alternative<std::vector<float>>(tensor.values);
}

std::string half_bytes(const Tensor& tensor) {
  const std::vector<float>& values = tensor.floats();
  std::string bytes(values.size() * sizeof(std::uint16_t), '\0');
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::uint16_t rounded = half_from_float(values[i]);
    if (std::isinf(float_from_half(rounded)) && !std::isinf(values[i])) {
      throw Error(fmt::format("tensor {} holds {}, which no float16 can hold: its weights must stay float32",
                              tensor.name, values[i]));
    }
    bytes[2 * i] = static_cast<char>(rounded);
    bytes[2 * i + 1] = static_cast<char>(rounded >> 8);
  }
  return bytes;
}

}  // namespace bart
