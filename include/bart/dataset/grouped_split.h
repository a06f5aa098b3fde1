#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "bart/dataset/split.h"

namespace bart {

/// A split that keeps each group of pictures on one side; `groups[i]` is the group of picture i. In random
/// order, groups go to the test set when they fit into its share of each class (`test_size`), then those that
/// bring the test set closer to its size. Every class keeps a picture to train on. With enough small groups
/// the test set has exactly ceil(test_size * n) pictures. The seed determines the result, which is the same
/// on every machine. Throws Error when all pictures are one group, or when no group can be spared from
/// training.
Split grouped_split(std::span<const std::int32_t> labels, std::span<const std::uint32_t> groups,
                    double test_size, std::uint32_t seed, const HeldOut& held_out = {});

}  // namespace bart
