#include "bart/random/mt19937.h"

namespace bart {

Mt19937::Mt19937(std::uint32_t seed) {
  // init_genrand of the reference implementation (mt19937ar.c).
  auto& words = state_.words;
  state_.position = 624;
  words[0] = seed;
  for (std::uint32_t i = 1; i < 624; ++i) {
    words[i] = 1812433253u * (words[i - 1] ^ (words[i - 1] >> 30)) + i;
  }
}

std::uint32_t Mt19937::next() {
  auto& [words, position] = state_;
  if (position == 624) {
    const auto twist = [](std::uint32_t upper, std::uint32_t lower) {
      const std::uint32_t y = (upper & 0x80000000u) | (lower & 0x7fffffffu);
      return (y >> 1) ^ ((y & 1) != 0 ? 0x9908b0dfu : 0u);
    };
    for (std::uint32_t i = 0; i < 624; ++i) {
      words[i] = words[(i + 397) % 624] ^ twist(words[i], words[(i + 1) % 624]);
    }
    position = 0;
  }
  std::uint32_t y = words[position++];
  y ^= y >> 11;
  y ^= (y << 7) & 0x9d2c5680u;
  y ^= (y << 15) & 0xefc60000u;
  return y ^ (y >> 18);
}

}  // namespace bart
