#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "bart/dataset/load.h"
#include "bart/engine/engine.h"
#include "bart/random/mt19937.h"

namespace bart {

struct StepOptions {
  double learning_rate;  // of this step
  double clip_norm = 0;  // above 0: gradients are scaled down to this norm, all together
};

struct StepFigures {
  float loss;            // of the batch, before the step
  int correct;           // pictures whose largest logit is their label's
  double gradient_norm;  // of all gradients together, before they were scaled down
};

/// One optimizer step on the pictures `batch`, which are indices of `pictures`: dropout masks drawn from
/// `generator`, forward, loss (weighted by `class_weights`, [classes] or empty), backward, Adam. A loss or a
/// gradient that is not finite leaves the weights as they were.
StepFigures training_step(Engine& engine, const LoadedPictures& pictures,
                          std::span<const std::uint32_t> batch, std::span<const float> class_weights,
                          Mt19937& generator, const StepOptions& options);

/// scikit-learn's compute_class_weight("balanced") of the pictures `train`, [classes].
std::vector<float> balanced_weights(const LoadedPictures& pictures, std::span<const std::uint32_t> train);

/// Throws Error where a label is no class.
void check_labels(const LoadedPictures& pictures);

}  // namespace bart
