#pragma once

#include <span>
#include <vector>

namespace bart {

/// Probabilities of a row of logits. In double: the exponentials of a few classes cost nothing, and the sum
/// to 1 is then exact to float.
std::vector<double> softmax(std::span<const float> logits);

}  // namespace bart
