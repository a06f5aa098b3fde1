#include "bart/random/philox.h"

namespace bart {

std::array<std::uint32_t, 4> philox(std::array<std::uint32_t, 4> counter, std::array<std::uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t first = std::uint64_t{0xD2511F53} * counter[0];
    const std::uint64_t second = std::uint64_t{0xCD9E8D57} * counter[2];
    counter = {
        static_cast<std::uint32_t>(second >> 32) ^ counter[1] ^ key[0], static_cast<std::uint32_t>(second),
        static_cast<std::uint32_t>(first >> 32) ^ counter[3] ^ key[1], static_cast<std::uint32_t>(first)};
    key[0] += 0x9E3779B9;  // the golden ratio
    key[1] += 0xBB67AE85;  // sqrt(3) - 1
  }
  return counter;
}

PictureRandom::PictureRandom(std::uint32_t seed, std::uint32_t epoch, std::uint32_t picture,
                             RandomPurpose purpose)
    : key_{seed, static_cast<std::uint32_t>(purpose)}, counter_{0, picture, epoch, 0} {}

std::uint32_t PictureRandom::next() {
  if (used_ == 4) {
    words_ = philox(counter_, key_);
    ++counter_[0];
    used_ = 0;
  }
  return words_[used_++];
}

double PictureRandom::between(double low, double high) {
  return low + (high - low) * (static_cast<double>(next()) * 0x1p-32);
}

}  // namespace bart
