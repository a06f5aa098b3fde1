#pragma once

#include "bart/training/predictions.h"

namespace bart {

/// The factor above 0 that makes the mean cross entropy of the predictions smallest when their logits are
/// multiplied by it: 1 / temperature of "On calibration of modern neural networks" (Guo et al. 2017). It is a
/// multiple of 1/64 from 1/8 to 8, so that the last bits of exp() do not decide.
double fitting_factor(const Predictions& predictions);

/// Multiplies the weights and the bias of the last layer, and so all logits, by the factor.
void scale_logits(StateDict& model, double factor);

}  // namespace bart
