#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "bart/dataset/split.h"

namespace bart {

/// A split that keeps every group (`groups[i]` names picture i's) on one side: of the groups in random order
/// each goes to the test set while that brings the test set's pictures per class nearer to `test_size` of
/// them, and every class keeps a picture to train on. Where there are enough small groups the test set has
/// exactly ceil(test_size * n) pictures. Deterministic from the seed, on every machine. Throws Error when
/// all pictures are one group, or when a side would be empty.
Split grouped_split(std::span<const std::int32_t> labels, std::span<const std::uint32_t> groups,
                    double test_size, std::uint32_t seed);

}  // namespace bart
