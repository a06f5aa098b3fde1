#pragma once

#include <cstdint>
#include <vector>

#include "bart/random/mt19937.h"

namespace bart {

/// numpy.random.RandomState(seed).permutation(n): Fisher-Yates from the end, each index by masked rejection.
std::vector<std::uint32_t> numpy_permutation(std::uint32_t seed, std::uint32_t n);

/// The same with an existing generator, for code that draws several times from one RandomState.
std::vector<std::uint32_t> numpy_permutation(Mt19937& generator, std::uint32_t n);

}  // namespace bart
