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

  /// The whole state, from which the stream can go on: the 624 words and how many of them are used up, 1 to
  /// 624.
  struct State {
    std::array<std::uint32_t, 624> words;
    std::uint32_t position;
    bool operator==(const State&) const = default;
  };
  explicit Mt19937(const State& state) : state_(state) {}
  const State& state() const { return state_; }

 private:
  State state_;
};

}  // namespace bart
