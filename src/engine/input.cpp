#include "input.h"

#include <algorithm>
#include <array>

#include "bf16.h"
#include "team.h"

namespace bart {

namespace {

template <class T>
void spread(const Team& team, std::span<const std::uint8_t* const> pictures, std::int64_t size,
            const std::array<T, 256>& quotient, T* input) {
  const std::int64_t pixels = size * size;
  team.each(static_cast<std::int64_t>(pictures.size()), [&](std::int64_t n) {
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

void pictures_to_input(const Team& team, std::span<const std::uint8_t* const> pictures, std::int64_t size,
                       ActivationArray input) {
  std::array<float, 256> quotient;
  for (std::size_t i = 0; i < 256; ++i) quotient[i] = static_cast<float>(i) / 255.0f;
  if (input.precision == Precision::f32) {
    spread(team, pictures, size, quotient, static_cast<float*>(input.data));
    return;
  }
  std::array<Bf16, 256> rounded;
  std::ranges::transform(quotient, rounded.begin(), nearest_bf16);
  spread(team, pictures, size, rounded, static_cast<Bf16*>(input.data));
}

}  // namespace bart
