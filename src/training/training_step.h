#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "bart/dataset/load.h"
#include "bart/engine/engine.h"
#include "bart/random/mt19937.h"

namespace bart {

/// One optimizer step on a batch: draws dropout masks from `generator`, then forward pass, loss, backward
/// pass and optimizer. If the loss or the gradient is not finite, the weights stay as they are.
StepResult training_step(Engine& engine, const Batch& batch, Mt19937& generator, const StepOptions& options);

/// Pointers to the pictures with the indices `batch`. Pictures on a disk are fetched.
std::vector<const std::uint8_t*> pictures_of(const LoadedPictures& pictures,
                                             std::span<const std::uint32_t> batch);

/// [batch]
std::vector<std::int32_t> labels_of(const LoadedPictures& pictures, std::span<const std::uint32_t> batch);

/// scikit-learn's compute_class_weight("balanced") of the pictures `train`, [classes].
std::vector<float> balanced_weights(const LoadedPictures& pictures, std::span<const std::uint32_t> train);

/// tau * log(share of the class among the pictures `train`), [classes]; a class without pictures counts as if
/// it had one.
std::vector<float> logit_adjustments(const LoadedPictures& pictures, std::span<const std::uint32_t> train,
                                     double tau);

/// Throws Error when a label is not a class.
void check_labels(const LoadedPictures& pictures);

}  // namespace bart
