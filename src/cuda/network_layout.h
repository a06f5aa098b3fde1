#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "bart/network/architecture.h"
#include "bart/network/state_dict.h"

namespace bart::cuda {

/// A convolution with the layers that follow it: BatchNorm, ReLU, and at the end of a block max-pooling and
/// Dropout2d. Places are those of the first float in the arrays of NetworkLayout.
struct ConvolutionPlace {
  std::string name, norm_name;
  int in_channels, out_channels, size;  // size: side of input and output
  bool ends_block;
  double dropout;
  std::size_t weights;                       // [out, 3, 3, in]
  std::size_t bias, norm_weight, norm_bias;  // [out]
  std::size_t running_mean, running_var;     // [out], among the statistics
};

/// A linear layer, with ReLU and dropout if it is hidden.
struct LinearPlace {
  std::string name;
  int inputs, outputs;
  bool hidden;
  double dropout;
  int channels;  // of its input, which lies as [pixel, channel] where PyTorch has [channel, pixel]; or 1
  std::size_t weights;  // [out, in]
  std::size_t bias;     // [out]
};

/// Where the parameters and the running statistics of a network lie, in one array of floats each. The
/// weights, which may decay, come first.
struct NetworkLayout {
  Architecture architecture;
  std::vector<ConvolutionPlace> convolutions;
  std::vector<LinearPlace> linears;
  std::size_t parameters = 0, decaying = 0, statistics = 0;  // floats

  explicit NetworkLayout(const Architecture& architecture);
};

/// The parameters of `state` as the GPU keeps them; statistics may be null. Throws Error when a tensor is
/// missing or has another shape.
void lay_out(const NetworkLayout& layout, const StateDict& state, float* parameters, float* statistics);

/// The reverse: fills those tensors of `state` for which there are values. Counters become `batches`.
void read_out(const NetworkLayout& layout, const float* parameters, const float* statistics,
              std::int64_t batches, StateDict& state);

}  // namespace bart::cuda
