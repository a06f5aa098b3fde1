#pragma once

#include <cstdint>
#include <vector>

#include "bart/network/architecture.h"
#include "bart/random/mt19937.h"

namespace bart {

/// Keep flags of every dropout layer of one training step, in the order of layers: Dropout2d has one flag per
/// image and channel, [n, C]; Dropout has one per element, [n, F]. 1: kept (and scaled by 1 / (1 - p)), 0:
/// zeroed.
using DropoutMasks = std::vector<std::vector<std::uint8_t>>;

/// Draws the masks of one step for a batch of n from the global generator, as PyTorch's forward pass does.
DropoutMasks draw_dropout_masks(const Architecture& architecture, int n, Mt19937& generator);

}  // namespace bart
