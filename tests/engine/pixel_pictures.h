#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "bart/random/mt19937.h"

namespace bart {

enum class Fill { random, black, white };

inline std::string name_of(Fill fill) {
  return fill == Fill::random ? "random" : fill == Fill::black ? "black" : "white";
}

using Patch = std::array<std::int64_t, 27>;  // [3 rows, 3 columns, 3 colours]

/// Pictures for tests of what reads pixels.
struct Pictures {
  std::int64_t n, size;
  std::vector<std::vector<std::uint8_t>> pixels;  // each exactly [size, size, 3]

  Pictures(std::int64_t count, std::int64_t side, Fill fill) : n(count), size(side) {
    Mt19937 words(11);
    for (std::int64_t i = 0; i < n; ++i) {
      std::vector<std::uint8_t>& picture = pixels.emplace_back(static_cast<std::size_t>(size * size * 3));
      for (std::uint8_t& byte : picture) {
        byte = fill == Fill::random ? static_cast<std::uint8_t>(words.next() % 256)
                                    : static_cast<std::uint8_t>(fill == Fill::white ? 255 : 0);
      }
    }
  }

  std::vector<const std::uint8_t*> pointers() const {
    std::vector<const std::uint8_t*> all;
    for (const auto& picture : pixels) all.push_back(picture.data());
    return all;
  }

  /// The bytes around a pixel, zero outside the picture.
  Patch patch(std::int64_t image, std::int64_t y, std::int64_t x) const {
    Patch all{};
    for (std::int64_t e = 0; e < 27; ++e) {
      const std::int64_t row = y + e / 9 - 1;
      const std::int64_t column = x + e / 3 % 3 - 1;
      if (row < 0 || row >= size || column < 0 || column >= size) continue;
      all[static_cast<std::size_t>(e)] = pixels[static_cast<std::size_t>(image)]
                                               [static_cast<std::size_t>((row * size + column) * 3 + e % 3)];
    }
    return all;
  }
};

/// The first 64-byte boundary in memory that has 64 bytes to spare.
inline void* aligned(std::vector<std::uint8_t>& memory) {
  const auto address = reinterpret_cast<std::uintptr_t>(memory.data());
  return memory.data() + (64 - address % 64) % 64;
}

}  // namespace bart
