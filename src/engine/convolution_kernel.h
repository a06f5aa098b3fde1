#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "activations.h"
#include "batch_norm.h"
#include "batch_slices.h"
#include "compiled_network.h"
#include "evaluation_kernel.h"
#include "plan.h"
#include "team.h"
#include "weights_layout.h"

namespace bart {

/// What the choice of a kernel depends on.
struct ConvolutionSite {
  const ConvolutionLayer& layer;
  std::int64_t block;
  Precision precision;
  bool exact;                      // every rounding is PyTorch's
  const WeightsLayout& preferred;  // by the direct kernels
};

/// A convolution for which a plan needs a kernel.
struct ConvolutionTask {
  const ConvolutionLayer& layer;
  std::int64_t n;  // pictures that this process has of the batch
  std::int64_t block;
  Precision precision;
  Team team;
  /// In training: those of the batch. A kernel that contains BatchNorm adds up over them; they outlive it.
  const BatchSlices* slices = nullptr;
  /// In evaluation: a 2x2 max-pooling of an even size follows, which the kernel may do as it writes.
  bool pool = false;

  ActivationShape shape() const { return layer.shape(n, block); }  // of the outputs
};

/// When a buffer is in use: in the layer's forward pass, in its backward pass, or from one to the other.
enum class BufferUse { forward, backward, both };

struct KernelBuffer {
  std::string name;
  std::size_t bytes;
  BufferUse use;
};

/// The parameters of a convolution and its BatchNorm, or their gradients, in the flat arrays.
struct ConvolutionValues {
  float *weights, *bias, *norm_weight, *norm_bias;
};

/// The memory that a training plan binds a convolution to.
struct TrainingMemory {
  const Pictures* pictures;           // of the step that runs
  ActivationArray source;             // [N, I/B, H, W, B]; none for the first layer
  SourceNormalization normalization;  // of the source
  ActivationArray output;             // [N, O/B, H, W, B]; in the backward pass its gradient
  ActivationArray source_gradient;    // like source; none for the first layer
  ConvolutionValues values, gradients;
  float *running_mean, *running_var;
  BatchNormChannels channels;
  std::vector<std::uint8_t*> buffers;  // those that the kernel asked for, in that order
};

using BindTraining = std::function<std::vector<Operation>(const TrainingMemory&)>;

/// What one thread computes of a convolution at once: one picture, whose activations are then still in the
/// cache for what comes after it.
struct PictureTask {
  std::int64_t picture;    // of this process, from 0
  int thread;              // of the team
  ActivationArray source;  // of this picture, as the two that follow
  ActivationArray output;  // in the backward pass its gradient
  ActivationArray source_gradient = {};
};

/// A convolution picture by picture, with the bits of the whole batch at once. Threads call forward() and
/// backward() at the same time, each for another picture. One thread takes so many pictures in a row, in
/// their order, that they are `part`, or the last ones.
struct PictureKernel {
  std::int64_t part = 1;
  BindTraining prepare_forward;  // before the first picture
  std::function<void(const TrainingMemory&, const PictureTask&)> forward;
  BindTraining prepare_backward = {};
  /// The gradient of the data, but for the first layer, and the picture's part in that of the weights.
  std::function<void(const TrainingMemory&, const PictureTask&)> backward;
  BindTraining finish_backward;  // after the last picture
};

/// A convolution in a training plan of one batch size.
struct TrainingConvolution {
  std::vector<KernelBuffer> buffers;
  BindTraining forward, backward_weights;
  BindTraining backward_data;                    // empty for the first layer
  std::optional<PictureKernel> by_picture = {};  // none: only the whole batch at once
};

/// A kernel for 3x3 convolutions with padding 1 and stride 1. Plans know nothing else about kernels.
struct ConvolutionKernel {
  const char* name;
  /// In training: applies the BatchNorm and ReLU of the layer before as it reads its source.
  bool normalizes_source;
  /// In training: BatchNorm and ReLU are part of the kernel in both directions, and its output is that of
  /// ReLU.
  bool normalizes_output;
  bool (*can)(const ConvolutionSite&);   // whether it can compute this layer on this processor
  bool (*wins)(const ConvolutionSite&);  // whether it is better than the kernels after it in the list
  /// Of the parameters.
  WeightsLayout (*layout)(const ConvolutionSite&);
  TrainingConvolution (*train)(const ConvolutionTask&);
  EvaluationKernel (*evaluate)(const ConvolutionTask&);
};

/// The name of the operation in an evaluation plan: "block1.0 + block1.1 + ReLU".
std::string evaluation_name(const ConvolutionLayer& layer);

extern const ConvolutionKernel direct_kernel;    // oneDNN's, for any layer
extern const ConvolutionKernel winograd_kernel;  // winograd.h
extern const ConvolutionKernel pixel_kernel;     // pixel_convolution.h, for the first layer

/// How many of the first convolutions are best computed for a few pictures at a time: those of the blocks in
/// which a picture's activations take more memory than the filters, which are read again for each part. Not
/// the last block, and none that oneDNN computes, whose rounding may depend on the number of pictures.
/// `kernel` is the one for training or for evaluation.
std::size_t wide_convolutions(const CompiledNetwork& network,
                              const ConvolutionKernel* ConvolutionLayer::*kernel);

/// All kernels. A layer gets the first one that can compute it and wins. The choice is a rule and not a
/// timing, because the same command must give the same bits every time.
std::span<const ConvolutionKernel* const> convolution_kernels();

/// Sets the layer's kernels and the layout of its weights.
void choose_kernels(const CompiledNetwork& network, ConvolutionLayer& layer);

/// The layout of weights that oneDNN's direct kernels prefer in f32 and for the most common batch size. Plans
/// for other batch sizes use the same layout.
WeightsLayout direct_layout(const ConvolutionLayer& layer, std::int64_t block);

}  // namespace bart
