#include "light.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace bart {

std::vector<float> light_of(const Picture& picture) {
  std::vector<float> light(picture.pixels.size() / 3);
  for (std::size_t i = 0; i < light.size(); ++i) {
    const float r = picture.pixels[3 * i], g = picture.pixels[3 * i + 1], b = picture.pixels[3 * i + 2];
    light[i] = std::sqrt(0.241f * r * r + 0.691f * g * g + 0.068f * b * b) / 255;
  }
  return light;
}

double brightness_of(std::span<const float> light) {
  if (light.empty()) return 0;
  std::vector<float> sorted(light.begin(), light.end());
  const auto place = static_cast<std::ptrdiff_t>(0.99 * static_cast<double>(sorted.size() - 1));
  std::ranges::nth_element(sorted, sorted.begin() + place);
  return static_cast<double>(sorted[static_cast<std::size_t>(place)]);
}

double sharpness_of(std::span<const float> light, int width) {
  const auto w = static_cast<std::size_t>(width);
  const std::size_t height = light.size() / w;
  double sum = 0, squares = 0;
  std::size_t n = 0;
  for (std::size_t y = 1; y + 1 < height; ++y) {
    for (std::size_t x = 1; x + 1 < w; ++x) {
      const std::size_t i = y * w + x;
      const auto value = static_cast<double>(light[i - w] + light[i + w] + light[i - 1] + light[i + 1]) -
                         4 * static_cast<double>(light[i]);
      sum += value;
      squares += value * value;
      ++n;
    }
  }
  if (n == 0) return 0;
  const double mean = sum / static_cast<double>(n);
  return squares / static_cast<double>(n) - mean * mean;
}

}  // namespace bart
