#pragma once

#include <array>
#include <vector>

#include "bart/training/predictions.h"

namespace bart {

/// Places of pictures in the plane, from 0 to 1 in both directions: the first two principal components of the
/// network's outputs (logits), which are linear features of its last hidden layer. [n]
std::vector<std::array<double, 2>> picture_map(const Predictions& predictions);

}  // namespace bart
