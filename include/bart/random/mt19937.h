#pragma once

#include <array>
#include <cstdint>

namespace bart {

/// The Mersenne Twister MT19937 (Matsumoto & Nishimura 1998), seeded by init_genrand: the word stream under
/// both numpy.random.RandomState(seed) and torch.manual_seed(seed). A value: copying it copies the stream.
class Mt19937 {
 public:
  explicit Mt19937(std::uint32_t seed);
  std::uint32_t next();

 private:
  std::array<std::uint32_t, 624> state_;
  std::uint32_t position_;
};

}  // namespace bart
