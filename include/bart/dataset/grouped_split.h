#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "bart/dataset/split.h"

namespace bart {

/// A split that keeps every group (`groups[i]` names picture i's) on one side: of the groups in random order
/// those go to the test set that fit into its pictures per class, `test_size` of them; then, where that
/// leaves some missing, those that bring it nearer. Every class keeps a picture to train on. Where there are
/// enough small groups the test set has exactly ceil(test_size * n) pictures. Deterministic from the seed, on
/// every machine. Throws Error when all pictures are one group, or when no group can be spared from training.
Split grouped_split(std::span<const std::int32_t> labels, std::span<const std::uint32_t> groups,
                    double test_size, std::uint32_t seed);

}  // namespace bart
