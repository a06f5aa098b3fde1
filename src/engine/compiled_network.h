#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "bart/engine/engine.h"
#include "bart/network/architecture.h"
#include "batch_norm.h"
#include "team.h"
#include "weights_layout.h"

namespace bart {

struct ConvolutionKernel;  // convolution_kernel.h
struct LinearKernel;       // linear_kernel.h

/// A 3x3 convolution with its BatchNorm, and where its values lie in the flat arrays (in floats).
struct ConvolutionLayer {
  std::string name;       // "block1.0"
  std::string norm_name;  // "block1.1"
  std::int64_t in_channels;
  std::int64_t out_channels;
  std::int64_t in_padded;  // to a multiple of the channel block; 3 for the first layer's pixels
  std::int64_t out_padded;
  std::int64_t size;  // height and width
  bool first;         // reads the pictures
  bool ends_block;    // followed by pooling and dropout
  double dropout;     // of the block, if it ends one
  const ConvolutionKernel* training;
  const ConvolutionKernel* evaluation;
  WeightsLayout layout;                   // of [out_padded, in_padded, 3, 3]
  std::size_t weights, bias;              // [layout], [out_padded]
  std::size_t norm_weight, norm_bias;     // [out_padded]
  std::size_t running_mean, running_var;  // [out_padded], in the array of statistics

  /// The shape of its outputs for n pictures.
  ActivationShape shape(std::int64_t n, std::int64_t block) const { return {n, out_padded, size, block}; }
  /// Multiplications and additions of the direct algorithm for n pictures, in any direction.
  double flops(std::int64_t n) const {
    return 18.0 * static_cast<double>(n * size * size) * static_cast<double>(in_channels * out_channels);
  }
};

/// A fully connected layer with weights [out, in]. The inputs of the first one come in channel blocks, so its
/// columns are permuted when the state is loaded and saved: column_of maps PyTorch's features to ours.
struct LinearLayer {
  std::string name;          // "classification_head.1"
  std::int64_t in_features;  // PyTorch's
  std::int64_t in_padded;    // ours
  std::int64_t out_features;
  bool hidden;  // followed by ReLU and dropout
  double dropout;
  std::vector<std::int64_t> column_of;  // [in_features], empty: the same order
  const LinearKernel* kernel;
  WeightsLayout layout;       // of [out, in_padded]
  std::size_t weights, bias;  // [layout], [out]

  double flops(std::int64_t n) const {
    return 2.0 * static_cast<double>(n * in_features) * static_cast<double>(out_features);
  }
};

/// A network ready to be executed: the kernels of its layers, and the layout of its values in memory.
struct CompiledNetwork {
  Architecture architecture;
  Team team;
  Precision precision;             // of training steps
  Precision evaluation_precision;  // of the forward pass in evaluation mode
  bool exact;                      // every rounding is PyTorch's
  std::int64_t block;              // channel block of activations, 16 or 8
  int slices = 1;                  // of a training batch
  Group* group = nullptr;          // nullptr: this process alone
  std::vector<ConvolutionLayer> convolutions = {};
  std::vector<LinearLayer> linears = {};
  std::size_t parameter_count = 0;  // floats of all parameters
  std::size_t statistic_count = 0;  // floats of the running statistics

  /// Where the weights of convolutions and linear layers begin and end in the flat arrays, in ascending
  /// order.
  std::vector<std::pair<std::size_t, std::size_t>> weight_ranges() const;
};

/// A team of so many threads; 0: what this process may use. Throws Error when there cannot be so many.
Team team_of(int threads);

/// Throws Error when the options contradict each other or the network cannot be executed.
CompiledNetwork compile_network(const Architecture& architecture, const EngineOptions& options);

}  // namespace bart
