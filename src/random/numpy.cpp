#include "bart/random/numpy.h"

#include <numeric>
#include <utility>

namespace bart {

std::vector<std::uint32_t> numpy_permutation(std::uint32_t seed, std::uint32_t n) {
  Mt19937 generator(seed);
  return numpy_permutation(generator, n);
}

std::vector<std::uint32_t> numpy_permutation(Mt19937& generator, std::uint32_t n) {
  // RandomState.permutation shuffles arange(n) with legacy random_interval: words masked to the smallest
  // 2^k - 1 >= i are drawn until one is at most i (numpy/random/src/distributions/distributions.c).
  std::vector<std::uint32_t> permutation(n);
  std::iota(permutation.begin(), permutation.end(), 0u);
  for (std::uint32_t i = n; i-- > 1;) {
    std::uint32_t mask = i;
    for (const int shift : {1, 2, 4, 8, 16}) mask |= mask >> shift;
    std::uint32_t j;
    do {
      j = generator.next() & mask;
    } while (j > i);
    std::swap(permutation[i], permutation[j]);
  }
  return permutation;
}

}  // namespace bart
