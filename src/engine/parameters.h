#pragma once

#include <cstdint>

#include "arena.h"
#include "bart/network/state_dict.h"
#include "compiled_network.h"

namespace bart {

/// The parameters, their gradients, the state of the optimizer and the statistics: one flat array each.
/// Padding is zero and stays zero.
struct Parameters {
  AlignedMemory values;
  AlignedMemory gradients;  // these three exist from the first training step on
  AlignedMemory exp_avg;
  AlignedMemory exp_avg_sq;
  AlignedMemory statistics;
  std::int64_t batches_tracked = 0;
  std::int64_t adam_steps = 0;

  /// Takes memory for values and statistics.
  explicit Parameters(const CompiledNetwork& network);
};

/// Parameters of `state` into `values`, laid out as the network wants them. Throws Error when one is missing
/// or has another shape. Gradients and moments, which have no statistics, leave `statistics` null.
void import_state(const CompiledNetwork& network, const StateDict& state, float* values, float* statistics);

/// The reverse: fills the tensors of `state` (from empty_state()) for which there are values.
void export_state(const CompiledNetwork& network, const float* values, const float* statistics,
                  StateDict& state);

/// Convert the weights of a convolution from PyTorch's layout and back.
void import_weights(const ConvolutionLayer& layer,
                    const float* from,  // [out_channels, in_channels, 3, 3]
                    float* to);         // [layout]
void export_weights(const ConvolutionLayer& layer,
                    const float* from,  // [layout]
                    float* to);         // [out_channels, in_channels, 3, 3]

}  // namespace bart
