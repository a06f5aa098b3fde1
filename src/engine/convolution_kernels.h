#pragma once

#include "bart/engine/engine.h"

namespace bart {

/// How one convolution is computed: the precision of the activations around it, and for each direction
/// whether our own kernel by Winograd's algorithm takes the place of oneDNN's direct one.
struct ConvolutionKernels {
  Precision precision = Precision::f32;
  bool winograd_forward = false;
  bool winograd_backward_data = false;
  bool winograd_backward_weights = false;
};

}  // namespace bart
