#pragma once

#include <cstdint>
#include <dnnl.hpp>
#include <string>
#include <vector>

#include "arena.h"
#include "bart/network/architecture.h"
#include "bart/network/state_dict.h"
#include "batch_norm.h"
#include "convolution_kernels.h"
#include "onednn.h"
#include "winograd.h"

namespace bart {

/// A convolution with its BatchNorm, and where its values lie in the flat arrays (in floats).
struct ConvolutionLayer {
  std::string name;       // "block1.0"
  std::string norm_name;  // "block1.1"
  std::int64_t in_channels;
  std::int64_t out_channels;
  std::int64_t in_padded;  // to a multiple of the channel block; 3 for the first layer's pixels
  std::int64_t out_padded;
  std::int64_t size;                      // height and width
  bool from_pixels;                       // straight from the pictures' bytes, with its BatchNorm and ReLU
  bool ends_block;                        // followed by pooling and dropout
  double dropout;                         // of the block, where it ends one
  ConvolutionKernels kernels;             // of a training step
  ConvolutionKernels evaluation;          // forward only
  dnnl::memory::desc weights_desc;        // f32 [out_padded, in_padded, 3, 3] as the direct kernels like it
  std::size_t weights, bias;              // [weights_desc], [out_padded]
  std::size_t norm_weight, norm_bias;     // [out_padded]
  std::size_t running_mean, running_var;  // [out_padded], in the statistics array

  /// Of its outputs, for n images.
  ActivationShape shape(std::int64_t n, std::int64_t block) const { return {n, out_padded, size, block}; }
  WinogradShape winograd_shape(std::int64_t n) const { return {n, in_padded, out_padded, size}; }
  /// Multiplications and additions of the direct algorithm for n images, in any direction.
  double flops(std::int64_t n) const {
    return 18.0 * static_cast<double>(n * size * size) * static_cast<double>(in_channels * out_channels);
  }
};

/// A fully connected layer; weights [out, in]. The first one's inputs come channel-blocked, so its columns
/// are permuted where the state is loaded and saved: column_of maps PyTorch's feature to ours.
struct LinearLayer {
  std::string name;          // "classification_head.1"
  std::int64_t in_features;  // PyTorch's
  std::int64_t in_padded;    // ours
  std::int64_t out_features;
  bool hidden;  // followed by ReLU and dropout
  double dropout;
  std::vector<std::int64_t> column_of;  // [in_features], empty: the same order
  dnnl::memory::desc weights_desc;      // the layout that the kernels like, of [out, in_padded]
  std::size_t weights, bias;            // [weights_desc], [out]

  double flops(std::int64_t n) const {
    return 2.0 * static_cast<double>(n * in_features) * static_cast<double>(out_features);
  }
};

/// A network as the kernels want it: which layers are fused, how their values lie in memory.
struct CompiledNetwork {
  Architecture architecture;
  std::int64_t block;  // channel block of activations, 16 or 8
  bool exact;          // every rounding is PyTorch's
  int threads;
  std::vector<ConvolutionLayer> convolutions;
  std::vector<LinearLayer> linears;
  std::size_t parameter_count = 0;  // floats of each of values, gradients, exp_avg, exp_avg_sq
  std::size_t statistic_count = 0;  // floats of the running statistics

  /// How the activations around convolution i lie: the first one reads plain pictures.
  ConvolutionLayouts layouts(std::size_t i, Precision precision) const;
};

CompiledNetwork compile_network(const Architecture& architecture, const dnnl::engine& engine,
                                const EngineOptions& options);

/// One flat array each; padding is zero and stays zero.
struct Parameters {
  AlignedMemory values;
  AlignedMemory gradients;  // these three are there from the first training step on
  AlignedMemory exp_avg;
  AlignedMemory exp_avg_sq;
  AlignedMemory statistics;
  std::int64_t batches_tracked = 0;
  std::int64_t adam_steps = 0;
};

/// Parameters of `state` into `values`, laid out as the network wants them. Throws Error when one is missing
/// or has another shape. Gradients and moments, which have no statistics, leave `statistics` null.
void import_state(const CompiledNetwork& network, const dnnl::engine& engine, const StateDict& state,
                  float* values, float* statistics);

/// The way back; fills the tensors of `state` (from empty_state) that it has values for.
void export_state(const CompiledNetwork& network, const dnnl::engine& engine, const float* values,
                  const float* statistics, StateDict& state);

/// Copies weights from one layout to another, which may hold them in another precision, too.
void reorder_weights(const dnnl::engine& engine, const dnnl::memory::desc& from_desc, const float* from,
                     const dnnl::memory::desc& to_desc, void* to);

/// The weights of one convolution, from PyTorch's layout and into it.
void import_weights(const ConvolutionLayer& layer, const dnnl::engine& engine,
                    const float* from,  // [out_channels, in_channels, 3, 3]
                    float* to);         // [weights_desc]
void export_weights(const ConvolutionLayer& layer, const dnnl::engine& engine,
                    const float* from,  // [weights_desc]
                    float* to);         // [out_channels, in_channels, 3, 3]

}  // namespace bart
