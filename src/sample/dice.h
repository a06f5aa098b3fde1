#pragma once

#include <cstdint>

namespace bart {

/// SplitMix64 (Steele, Lea & Flood 2014): a stream of well mixed words from any seed. Call it at most once
/// per function call, or within braces: compilers may evaluate the arguments of a function in any order.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed) {}

  std::uint64_t word() {
    std::uint64_t z = (state_ += 0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
  }
  int below(int n) { return static_cast<int>(word() % static_cast<std::uint64_t>(n)); }
  float between(float low, float high) {
    return low + (high - low) * (static_cast<float>(word() >> 40) * 0x1p-24f);
  }
  bool chance(float probability) { return between(0, 1) < probability; }

 private:
  std::uint64_t state_;
};

}  // namespace bart
