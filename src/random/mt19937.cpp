#include "bart/random/mt19937.h"

namespace bart {

Mt19937::Mt19937(std::uint32_t seed) : position_(624) {
  // init_genrand of the reference implementation (mt19937ar.c).
  state_[0] = seed;
  for (std::uint32_t i = 1; i < 624; ++i) {
    state_[i] = 1812433253u * (state_[i - 1] ^ (state_[i - 1] >> 30)) + i;
  }
}

std::uint32_t Mt19937::next() {
  if (position_ == 624) {
    const auto twist = [](std::uint32_t upper, std::uint32_t lower) {
      const std::uint32_t y = (upper & 0x80000000u) | (lower & 0x7fffffffu);
      return (y >> 1) ^ ((y & 1) != 0 ? 0x9908b0dfu : 0u);
    };
    for (std::uint32_t i = 0; i < 624; ++i) {
      state_[i] = state_[(i + 397) % 624] ^ twist(state_[i], state_[(i + 1) % 624]);
    }
    position_ = 0;
  }
  std::uint32_t y = state_[position_++];
  y ^= y >> 11;
  y ^= (y << 7) & 0x9d2c5680u;
  y ^= (y << 15) & 0xefc60000u;
  return y ^ (y >> 18);
}

}  // namespace bart
