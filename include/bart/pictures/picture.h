#pragma once

#include <cstdint>
#include <vector>

namespace bart {

/// An RGB picture in memory: rows from top to bottom, three bytes per pixel.
struct Picture {
  int width = 0;
  int height = 0;
  std::vector<std::uint8_t> pixels;  // [height, width, 3]
};

}  // namespace bart
