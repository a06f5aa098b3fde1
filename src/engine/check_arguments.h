#pragma once

#include <cstddef>

#include "bart/engine/backend.h"
#include "bart/network/architecture.h"
#include "bart/network/dropout.h"

namespace bart {

/// Throws Error where a batch or its masks do not fit the network, or where a label is no class.
void check_batch(const Architecture& architecture, const Batch& batch, const DropoutMasks& masks);

/// Throws Error where logits or features have another size than an evaluation of so many pictures gives; no
/// features at all are fine.
void check_evaluation(const Architecture& architecture, std::size_t pictures, std::size_t logits,
                      std::size_t features);

}  // namespace bart
