#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "bart/dataset/split.h"
#include "bart/random/mt19937.h"

// The common parts of the splits.
namespace bart {

/// Throws Error when the share is not between 0 and 1.
void check_test_size(double test_size, const HeldOut& held_out);

/// Throws Error when a label is not below the number of classes, or there are more than 2^32 - 1 pictures.
void check_labels(std::span<const std::int32_t> labels, std::size_t classes);

/// The values in the order of NumPy's RandomState.permutation.
std::vector<std::uint32_t> shuffled(const std::vector<std::uint32_t>& values, Mt19937& generator);

}  // namespace bart
