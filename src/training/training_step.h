#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "bart/dataset/load.h"
#include "bart/engine/engine.h"
#include "bart/random/mt19937.h"

namespace bart {

/// One optimizer step on the pictures `batch`, which are indices of `pictures`: dropout masks drawn from
/// `generator`, forward, loss (weighted by `class_weights`, [classes] or empty), backward, Adam. A loss or a
/// gradient that is not finite leaves the weights as they were.
StepResult training_step(Engine& engine, const LoadedPictures& pictures, std::span<const std::uint32_t> batch,
                         std::span<const float> class_weights, Mt19937& generator,
                         const StepOptions& options);

/// scikit-learn's compute_class_weight("balanced") of the pictures `train`, [classes].
std::vector<float> balanced_weights(const LoadedPictures& pictures, std::span<const std::uint32_t> train);

/// Throws Error where a label is no class.
void check_labels(const LoadedPictures& pictures);

}  // namespace bart
