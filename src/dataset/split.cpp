#include "bart/dataset/split.h"

#include <fmt/format.h>

#include <cmath>

#include "bart/platform/error.h"
#include "bart/random/numpy.h"

namespace bart {

Split train_test_split(std::uint32_t n, double test_size, std::uint32_t seed) {
  if (!(test_size > 0 && test_size < 1)) {
    throw Error(fmt::format("a test size of {} is not possible: it must be between 0 and 1", test_size));
  }
  const auto tests = static_cast<std::uint32_t>(std::ceil(test_size * n));
  if (tests == 0 || tests >= n) {
    throw Error(
        fmt::format("a test size of {} leaves {} of {} pictures for testing and {} for training: both need "
                    "at least one",
                    test_size, tests, n, n - tests));
  }
  const std::vector<std::uint32_t> permutation = numpy_permutation(seed, n);
  const auto middle = permutation.begin() + tests;
  return {.train = {middle, permutation.end()}, .test = {permutation.begin(), middle}};
}

}  // namespace bart
