#pragma once

#include <cstdint>
#include <vector>

namespace bart {

/// numpy.random.RandomState(seed).permutation(n): Fisher-Yates from the end, each index by masked rejection.
std::vector<std::uint32_t> numpy_permutation(std::uint32_t seed, std::uint32_t n);

}  // namespace bart
