#pragma once

#include <cstdint>
#include <vector>

namespace bart {

/// Indices of the pictures on each side, in the order in which they are used.
struct Split {
  std::vector<std::uint32_t> train;
  std::vector<std::uint32_t> test;
  std::vector<std::uint32_t> validation = {};  // empty: the test set is validated on, as the original does
};

/// scikit-learn's train_test_split(test_size=…, random_state=seed) without stratification: of
/// RandomState(seed).permutation(n) the first ceil(test_size * n) are the test set, the rest the training
/// set. Throws Error when a side would be empty.
Split train_test_split(std::uint32_t n, double test_size, std::uint32_t seed);

}  // namespace bart
