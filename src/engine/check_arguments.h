#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "bart/engine/backend.h"
#include "bart/network/architecture.h"
#include "bart/network/dropout.h"

namespace bart {

/// Throws Error when a batch or its masks do not fit the network, or a label is not a class. Whether a
/// picture is missing is not checked, since a process may have only some of the pictures.
void check_batch(const Architecture& architecture, const Batch& batch, const DropoutMasks& masks);

/// Throws Error for what only a DeviceTraining does in a step.
void check_for_processor(const Batch& batch, const StepOptions& options);

/// Throws Error when the optimizer cannot take a step with these numbers.
void check_optimizer(double learning_rate, const Optimizer& optimizer);

/// Throws Error for a norm that gradients cannot be clipped to; an infinite one leaves them as they are.
void check_clip_norm(double max_norm);

/// Throws Error when one of them is missing.
void check_pictures(std::span<const std::uint8_t* const> pictures);

/// Throws Error when logits or features have another size than the result of evaluating `pictures`.
/// `features` may be empty.
void check_evaluation(const Architecture& architecture, std::size_t pictures, std::size_t logits,
                      std::size_t features);

}  // namespace bart
