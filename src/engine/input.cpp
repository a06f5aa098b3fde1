#include "input.h"

#include <algorithm>
#include <array>
#include <bit>

#include "parallel.h"

namespace bart {

namespace {

Bf16 nearest_bf16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  return {static_cast<std::uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16)};
}

template <class T>
void spread(std::span<const std::uint8_t* const> pictures, std::int64_t size,
            const std::array<T, 256>& quotient, T* input) {
  const std::int64_t pixels = size * size;
  parallel_each(static_cast<std::int64_t>(pictures.size()), [&](std::int64_t n) {
    const std::uint8_t* picture = pictures[static_cast<std::size_t>(n)];
    T* red = input + n * 3 * pixels;
    T* green = red + pixels;
    T* blue = green + pixels;
    for (std::int64_t p = 0; p < pixels; ++p) {
      red[p] = quotient[picture[3 * p]];
      green[p] = quotient[picture[3 * p + 1]];
      blue[p] = quotient[picture[3 * p + 2]];
    }
  });
}

}  // namespace

void pictures_to_input(std::span<const std::uint8_t* const> pictures, std::int64_t size, Activations input) {
  std::array<float, 256> quotient;
  for (std::size_t i = 0; i < 256; ++i) quotient[i] = static_cast<float>(i) / 255.0f;
  if (input.precision == Precision::f32) {
    spread(pictures, size, quotient, static_cast<float*>(input.data));
    return;
  }
  std::array<Bf16, 256> rounded;
  std::ranges::transform(quotient, rounded.begin(), nearest_bf16);
  spread(pictures, size, rounded, static_cast<Bf16*>(input.data));
}

}  // namespace bart
