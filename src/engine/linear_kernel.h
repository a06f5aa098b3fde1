#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

#include "compiled_network.h"
#include "evaluation_kernel.h"
#include "plan.h"
#include "weights_layout.h"

namespace bart {

/// The memory that a training plan binds a fully connected layer to.
struct LinearMemory {
  float* source;           // [n, in]
  float* output;           // [n, out]
  float* gradient;         // of the output
  float* source_gradient;  // may be the source itself
  float *weights, *bias, *dweights, *dbias;
  std::uint8_t *forward_scratch, *backward_scratch;
};

/// A fully connected layer in a training plan of one batch size.
struct TrainingLinear {
  using Bind = std::function<Operation(const LinearMemory&)>;
  std::size_t forward_scratch_bytes, backward_scratch_bytes;
  Bind forward, backward_weights, backward_data;
};

TrainingLinear training_linear(const LinearLayer& layer, std::int64_t n, Team team);

/// The same in an evaluation plan. With bf16 activations the weights for a single picture are read in bf16,
/// too.
EvaluationKernel evaluation_linear(const LinearLayer& layer, std::int64_t n, Team team, Precision precision);

/// The layout of weights [out, in] for our own kernels, and for oneDNN's in a training step.
WeightsLayout panels_layout(const LinearPanels& panels);
WeightsLayout onednn_linear_layout(std::int64_t out, std::int64_t in);

}  // namespace bart
