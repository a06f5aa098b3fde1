#include "input.h"

#include <array>

#include "parallel.h"

namespace bart {

void pictures_to_input(std::span<const std::uint8_t* const> pictures, std::int64_t size, float* input) {
  static const std::array<float, 256> quotient = [] {
    std::array<float, 256> table;
    for (std::size_t i = 0; i < 256; ++i) table[i] = static_cast<float>(i) / 255.0f;
    return table;
  }();
  const std::int64_t pixels = size * size;
  parallel_each(static_cast<std::int64_t>(pictures.size()), [&](std::int64_t n) {
    const std::uint8_t* picture = pictures[static_cast<std::size_t>(n)];
    float* red = input + n * 3 * pixels;
    float* green = red + pixels;
    float* blue = green + pixels;
    for (std::int64_t p = 0; p < pixels; ++p) {
      red[p] = quotient[picture[3 * p]];
      green[p] = quotient[picture[3 * p + 1]];
      blue[p] = quotient[picture[3 * p + 2]];
    }
  });
}

}  // namespace bart
