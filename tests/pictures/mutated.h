#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

namespace bart::test {

/// Flips, sets, cuts, doubles and splices bytes.
inline std::vector<std::uint8_t> mutated(std::vector<std::uint8_t> file,
                                         const std::vector<std::uint8_t>& other, std::mt19937& generator) {
  const auto below = [&](std::size_t n) { return n ? generator() % n : 0; };
  const std::size_t changes = 1 + below(4);
  for (std::size_t i = 0; i < changes && !file.empty(); ++i) {
    // Headers are small and matter most: every other change is made near the start.
    const std::size_t at = below(2) ? below(std::min<std::size_t>(file.size(), 200)) : below(file.size());
    const auto where = file.begin() + std::ptrdiff_t(at);
    switch (below(6)) {
      case 0:
        *where = std::uint8_t(*where ^ 1u << below(8));
        break;
      case 1:
        *where = std::uint8_t(generator());
        break;
      case 2:
        for (auto p = where; p != file.end() && p < where + 4; ++p) *p = below(2) ? 0xFF : 0;
        break;
      case 3:
        file.resize(at);
        break;
      case 4: {
        const std::vector<std::uint8_t> part(
            where, where + std::ptrdiff_t(below(std::min<std::size_t>(64, file.size() - at))));
        file.insert(where, part.begin(), part.end());
        break;
      }
      default: {
        const std::size_t from = below(other.size());
        const std::size_t count =
            std::min({other.size() - from, file.size() - at, std::size_t(1) + below(64)});
        std::copy_n(other.begin() + std::ptrdiff_t(from), count, where);
      }
    }
  }
  return file;
}

}  // namespace bart::test
