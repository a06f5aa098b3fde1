#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "evaluation_weights.h"
#include "plan.h"

namespace bart {

/// n pointers to [size, size, 3].
using Pictures = std::span<const std::uint8_t* const>;

/// The memory that an evaluation plan binds a layer to.
struct EvaluationMemory {
  const Pictures* pictures;  // of the call that runs
  void* source;              // activations of the layer before; free memory for the first layer
  void* output;
  const void* weights;  // as prepared for the kernel, or in the parameters' layout
  const float* bias;
  std::uint8_t* scratch;
};

/// A layer's forward pass in evaluation mode for one batch size: a convolution with BatchNorm and ReLU, or a
/// fully connected layer.
struct EvaluationKernel {
  std::optional<PreparedWeights> prepared = {};  // none: the parameters' own layout
  std::size_t scratch_bytes = 0;
  bool pools = false;  // the pooling that follows is part of it
  std::function<std::vector<Operation>(const EvaluationMemory&)> bind = {};
};

}  // namespace bart
