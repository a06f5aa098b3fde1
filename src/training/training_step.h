#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "bart/dataset/load.h"
#include "bart/engine/engine.h"
#include "bart/random/mt19937.h"

namespace bart {

/// One optimizer step on a batch: dropout masks drawn from `generator`, forward, loss, backward, optimizer. A
/// loss or a gradient that is not finite leaves the weights as they were.
StepResult training_step(Engine& engine, const Batch& batch, Mt19937& generator, const StepOptions& options);

/// Pointers to the pictures `batch`, which are indices of `pictures`, fetched from a disk where they lie
/// there.
std::vector<const std::uint8_t*> pictures_of(const LoadedPictures& pictures,
                                             std::span<const std::uint32_t> batch);

/// [batch]
std::vector<std::int32_t> labels_of(const LoadedPictures& pictures, std::span<const std::uint32_t> batch);

/// scikit-learn's compute_class_weight("balanced") of the pictures `train`, [classes].
std::vector<float> balanced_weights(const LoadedPictures& pictures, std::span<const std::uint32_t> train);

/// tau * log(share of the class among the pictures `train`), [classes]; a class without a picture counts as
/// if it had one.
std::vector<float> logit_adjustments(const LoadedPictures& pictures, std::span<const std::uint32_t> train,
                                     double tau);

/// Throws Error where a label is no class.
void check_labels(const LoadedPictures& pictures);

}  // namespace bart
