#include "bart/random/torch.h"
#include "bart/platform/error.h"

#include <cmath>
#include <numeric>
#include <utility>

namespace bart {

std::uint64_t torch_random64(Mt19937& generator) {
  const std::uint64_t high = generator.next();
  return (high << 32) | generator.next();
}

void torch_uniform(Mt19937& generator, float from, float to, std::span<float> values) {
  if (!(from <= to && std::isfinite(to - from))) throw Error("a range of random numbers has two finite ends");
  // uniform_real_distribution<float>: 24 random bits scaled in double; the range is rounded to float first.
  const float range = to - from;
  for (float& value : values) {
    const double u = static_cast<double>(generator.next() & 0xFFFFFFu) * 0x1p-24;
    value = static_cast<float>(u * static_cast<double>(range) + static_cast<double>(from));
  }
}

std::vector<std::uint32_t> torch_randperm(Mt19937& generator, std::uint32_t n) {
  std::vector<std::uint32_t> permutation(n);
  std::iota(permutation.begin(), permutation.end(), 0u);
  for (std::uint32_t i = 0; i + 1 < n; ++i) {
    std::swap(permutation[i], permutation[i + generator.next() % (n - i)]);
  }
  return permutation;
}

void torch_bernoulli(Mt19937& generator, double keep_probability, std::span<std::uint8_t> keep) {
  if (!(keep_probability >= 0 && keep_probability <= 1)) throw Error("a probability is from 0 to 1");
  for (std::uint8_t& flag : keep) {
    const double u =
        static_cast<double>(torch_random64(generator) & ((std::uint64_t{1} << 53) - 1)) * 0x1p-53;
    flag = u < keep_probability ? 1 : 0;
  }
}

}  // namespace bart
