#pragma once

#include <cstdint>
#include <vector>

#include "bart/network/architecture.h"
#include "bart/random/mt19937.h"

namespace bart {

/// The masks of the dropout layers in one training step, in the order of the layers: Dropout2d has one flag
/// per picture and channel, [n, C], Dropout one per element, [n, F]. A value with the flag 1 is kept (and
/// scaled by 1 / (1 - p)), one with 0 is zeroed.
using DropoutMasks = std::vector<std::vector<std::uint8_t>>;

/// Draws the masks of one step for a batch of n pictures from the global generator, as PyTorch's forward pass
/// does.
DropoutMasks draw_dropout_masks(const Architecture& architecture, int n, Mt19937& generator);

}  // namespace bart
