#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "bart/pictures/picture.h"
#include "bart/random/mt19937.h"

namespace bart::test {

/// Coloured discs on a coloured ground, other ones for every seed. `brighter` is added to all colours; of a
/// scene `zoom` times as large the middle is drawn.
inline Picture drawn_scene(std::uint32_t seed, int width = 320, int height = 240, int brighter = 0,
                           double zoom = 1) {
  Mt19937 generator(seed);
  const auto random = [&](double limit) { return limit * generator.next() / 4294967296.0; };
  const auto level = [&] { return static_cast<int>(30 + random(180)); };
  const int ground[3] = {level(), level(), level()};
  struct Disc {
    double x, y, radius;
    int colour[3];
  };
  Disc discs[7];
  for (Disc& disc : discs) {
    disc.x = random(1);
    disc.y = random(1);
    disc.radius = 0.08 + random(0.22);
    for (int& c : disc.colour) c = level();
  }
  Picture picture{width, height, {}};
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const double u = 0.5 + ((x + 0.5) / width - 0.5) / zoom, v = 0.5 + ((y + 0.5) / height - 0.5) / zoom;
      const int* colour = ground;
      for (const Disc& disc : discs) {
        if (std::hypot(u - disc.x, v - disc.y) < disc.radius) colour = disc.colour;
      }
      for (int c = 0; c < 3; ++c) {
        picture.pixels.push_back(static_cast<std::uint8_t>(std::clamp(colour[c] + brighter, 0, 255)));
      }
    }
  }
  return picture;
}

}  // namespace bart::test
