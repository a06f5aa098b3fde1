#include "bart/explain/overlay.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "bart/platform/checked.h"
#include "bart/platform/error.h"

namespace bart {
namespace {

/// Anton Mikhailov, Turbo, an improved rainbow colormap for visualization (Google AI blog, 2019), by its
/// polynomial approximation; channels from 0 to 1.
std::array<double, 3> turbo(double x) {
  constexpr double coefficients[3][6] = {
      {0.13572138, 4.61539260, -42.66032258, 132.13108234, -152.94239396, 59.28637943},
      {0.09140261, 2.19418839, 4.84296658, -14.18503333, 4.27729857, 2.82956604},
      {0.10667330, 12.64194608, -60.58204836, 110.36276771, -89.90310912, 27.34824973}};
  std::array<double, 3> colour{};
  for (std::size_t c = 0; c < 3; ++c) {
    for (int i = 5; i >= 0; --i) colour[c] = colour[c] * x + coefficients[c][i];
    colour[c] = std::clamp(colour[c], 0.0, 1.0);
  }
  return colour;
}

/// The position of the centre of an enlarged pixel among `side` cells: the two nearest cells and the weight
/// of the second one.
struct Between {
  std::size_t first, second;
  double weight;
};

Between between(int i, int size, int side) {
  const double at = std::max(0.0, (i + 0.5) * side / size - 0.5);
  const int first = std::min(static_cast<int>(at), side - 1);
  return {static_cast<std::size_t>(first), static_cast<std::size_t>(std::min(first + 1, side - 1)),
          at - first};
}

}  // namespace

std::array<double, 3> heat_colour(double value) {
  return turbo(0.15 + 0.8 * (value > 0 ? std::min(value, 1.0) : 0));  // without the nearly black ends
}

Picture overlay(const Picture& picture, const ClassActivationMap& map) {
  const auto has_bytes = [](int width, int height, std::size_t per_place, std::size_t size) {
    return width > 0 && height > 0 && size == checked_product(width, height, per_place);
  };
  if (!has_bytes(map.side, map.side, 1, map.values.size()) ||
      !has_bytes(picture.width, picture.height, 3, picture.pixels.size()))
    throw Error("an overlay needs a whole picture and a whole map");
  if (!std::ranges::all_of(map.values, [](float value) { return std::isfinite(value) && value >= 0; }))
    throw Error("a map of how much each part counts needs finite values of at least 0");
  const ClassActivationMap heat = map.normalized();
  const auto side = static_cast<std::size_t>(heat.side);
  Picture result = picture;
  std::uint8_t* pixel = result.pixels.data();
  for (int y = 0; y < picture.height; ++y) {
    const Between row = between(y, picture.height, heat.side);
    for (int x = 0; x < picture.width; ++x, pixel += 3) {
      const Between column = between(x, picture.width, heat.side);
      const auto along = [&](std::size_t r) {
        return std::lerp(double{heat.values[r * side + column.first]},
                         double{heat.values[r * side + column.second]}, column.weight);
      };
      const double value = std::lerp(along(row.first), along(row.second), row.weight);
      const std::array<double, 3> colour = heat_colour(value);
      const double opacity = 0.65 * std::sqrt(value);
      const double light = 0.62 + 0.38 * value;
      for (std::size_t c = 0; c < 3; ++c) {
        pixel[c] =
            static_cast<std::uint8_t>(std::lround(std::lerp(light * pixel[c], 255 * colour[c], opacity)));
      }
    }
  }
  return result;
}

}  // namespace bart
