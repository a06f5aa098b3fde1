#pragma once

#include <span>
#include <vector>

namespace bart {

/// The probabilities for a row of logits. They are computed in double, which costs nothing for a few classes,
/// so that their sum is 1 to float precision.
std::vector<double> softmax(std::span<const float> logits);

}  // namespace bart
