#pragma once

#include "bart/engine/engine.h"

namespace bart {

/// How one convolution is computed: the precision of the activations around it, and whether our own kernels
/// by Winograd's algorithm take the place of oneDNN's direct ones.
struct ConvolutionKernels {
  Precision precision = Precision::f32;
  bool winograd = false;
};

}  // namespace bart
