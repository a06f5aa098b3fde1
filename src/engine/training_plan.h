#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>
#include <vector>

#include "activations.h"
#include "bart/engine/engine.h"
#include "bart/network/dropout.h"
#include "batch_norm.h"
#include "batch_slices.h"
#include "compiled_network.h"
#include "convolution_kernel.h"
#include "linear_kernel.h"
#include "parameters.h"
#include "plan.h"

namespace bart {

/// The loss and the number of correct predictions of a step.
struct StepLoss {
  float loss;
  int correct;
};

/// Forward pass, loss and backward pass for one batch size. All kernels are chosen and all buffers are placed
/// before the first step. Gradients overwrite the activations that they belong to.
///
/// The first convolutions, whose activations are the largest, go picture by picture, if there are pictures
/// for all threads: what follows a convolution finds its output in the cache, and the activations of the
/// first layer are never kept, but computed again for the backward pass. The bits are the same.
///
/// Processes that share a batch each compute their own pictures of it. Statistics, loss and gradients are
/// those of the whole batch, in all of them.
class TrainingPlan {
 public:
  /// `n` pictures in the whole batch.
  TrainingPlan(const CompiledNetwork& network, std::int64_t n);
  TrainingPlan(const TrainingPlan&) = delete;  // operations hold its address
  TrainingPlan& operator=(const TrainingPlan&) = delete;

  /// The bytes that bind() needs.
  std::size_t arena_bytes() const { return layout_.size(); }

  /// Binds the operations to memory.
  void bind(std::uint8_t* arena, Parameters& parameters);

  /// `batch` and `masks` are those of the whole batch. With `forward_only` without the backward pass.
  StepLoss run(const Batch& batch, const DropoutMasks& masks, bool forward_only = false);
  /// The operations of a step on this batch, in order. All three must outlive them.
  const std::vector<Operation>& operations(const Batch& batch, const DropoutMasks& masks);
  std::vector<float> logits() const;
  std::string description() const;

 private:
  /// Backward weights of slices of one size.
  struct SliceKernel {
    std::int64_t pictures;
    TrainingConvolution kernel;
    std::vector<std::size_t> buffers;
  };
  struct Convolution {
    TrainingConvolution kernel;
    std::vector<std::size_t> kernel_buffers;  // of the arena, by number, as all that follow
    // The output of the kernel, later its gradient: that of the convolution, or that of ReLU if the kernel
    // contains BatchNorm and ReLU.
    std::size_t output = 0;
    // The activations after BatchNorm, ReLU (and pooling, dropout), later their gradient; only the gradient
    // if the next convolution normalizes its source itself; the output if the kernel contains BatchNorm and
    // ReLU.
    std::size_t activated = 0;
    // Of the first layer picture by picture: a picture's activations, and in the backward pass their gradient
    // too, for each thread.
    std::size_t forward_rooms = 0, backward_rooms = 0;
    std::size_t channels = 0;                         // mean, invstd, scale, shift: [4, C]
    std::size_t keep = 0;                             // [N, C], where the layer ends a block
    std::size_t forward_sums = 0, backward_sums = 0;  // of BatchNorm
    // Where the batch is cut into slices, the weights' gradient is that of each slice, added up. Slices
    // differ in size by at most one picture.
    std::vector<SliceKernel> slice_kernels;
    std::size_t slice_gradients = 0;  // [own slices, weights]
  };
  struct Linear {
    TrainingLinear kernel;
    std::size_t output = 0;    // after ReLU and dropout; logits for the last
    std::size_t gradient = 0;  // of the output
    std::size_t forward_scratch = 0, backward_scratch = 0;
    // The weights' gradient is that of the whole batch. Where other processes have a part of it, they send
    // their inputs and gradients, which are less than the products, in the background.
    TrainingLinear whole;
    std::size_t own_inputs = 0, own_gradients = 0, all_inputs = 0, all_gradients = 0, whole_scratch = 0;
  };

  // The clock of the arena: layers forward, the loss, layers backward. A layer is a convolution or a linear
  // layer with all that follows it, counted from 0.
  // Picture by picture, the first layer's time is that of the second.
  int forward_time(std::size_t layer) const {
    return static_cast<int>(by_picture_ > 0 && layer == 0 ? 1 : layer);
  }
  int loss_time() const { return static_cast<int>(network_.convolutions.size() + network_.linears.size()); }
  int backward_time(std::size_t layer) const { return 2 * loss_time() - forward_time(layer); }
  bool by_picture(std::size_t layer) const { return layer < by_picture_; }

  void plan_convolution(std::size_t i);
  void plan_batch_norm(std::size_t i, Convolution& c);
  void plan_slice_kernels(std::size_t i, Convolution& c);
  void plan_linear(std::size_t i);

  ConvolutionTask task_of(std::size_t i, std::int64_t n) const;
  bool computes(std::size_t i) const;
  bool normalized_by_next(std::size_t i) const;  // convolution i + 1 reads the output of convolution i
  Precision activated_precision(std::size_t i) const;
  ActivationShape shape_of(std::size_t i) const;
  ActivationArray output_of(std::size_t i) const;
  ActivationArray activated_of(std::size_t i) const;
  float* keep_of(std::size_t i) const { return floats(convolutions_[i].keep); }
  BatchNormChannels channels_of(std::size_t i) const;
  TrainingMemory memory_of(std::size_t i, Parameters& parameters) const;
  LinearMemory memory_of_linear(std::size_t i, Parameters& parameters) const;
  std::uint8_t* bytes(std::size_t buffer) const;
  float* floats(std::size_t buffer) const;

  void bind_convolution_forward(std::size_t i, Parameters& parameters);
  void bind_statistics(std::size_t i, const TrainingMemory& memory);
  void bind_normalization(std::size_t i);
  void bind_batch_norm_backward(std::size_t i, const TrainingMemory& memory);
  void bind_convolution_backward(std::size_t i, Parameters& parameters);
  void bind_slice_gradients(std::size_t i, const TrainingMemory& memory);

  // training_plan_by_picture.cpp
  using PictureWork = std::function<void(std::int64_t picture, int thread)>;
  using PictureSource = std::function<ActivationArray(std::int64_t picture, int thread)>;
  std::size_t convolutions_by_picture() const;
  void plan_rooms(Convolution& first);
  void add_by_picture(std::size_t i, std::string name, std::initializer_list<const char*> directions,
                      double bytes, PictureWork work);
  void bind_forward_by_picture(std::size_t i, Parameters& parameters);
  void bind_backward_by_picture(std::size_t i, Parameters& parameters);
  PictureSource source_by_picture(std::size_t i, const TrainingMemory& m, Parameters& parameters);
  std::function<void(PictureTask)> gradients_by_picture(std::size_t i, const TrainingMemory& m,
                                                        Parameters& parameters);
  std::function<void(const Team&, const ActivationShape&, std::int64_t picture, ActivationArray dy)>
  gradient_sums(std::size_t i);
  void bind_linear_weights(std::size_t i, const LinearMemory& memory);
  void bind_shared_linear_weights(std::size_t i, Parameters& parameters);
  void bind_loss();
  void bind_linear_forward(std::size_t i, Parameters& parameters);
  void bind_linear_backward(std::size_t i, Parameters& parameters);
  void expand_masks();

  void add(std::string name, double bytes, std::function<void()> run);
  void add(std::vector<Operation> operations);

  const CompiledNetwork& network_;
  BatchSlices slices_;
  std::int64_t n_;              // pictures of this process; there may be none
  std::size_t by_picture_ = 0;  // the number of the first convolutions that go picture by picture
  ArenaLayout layout_;
  std::uint8_t* arena_ = nullptr;
  std::vector<Convolution> convolutions_;
  std::vector<Linear> linears_;
  std::vector<Operation> operations_;
  std::size_t forward_count_ = 0;                         // the number of operations up to the loss
  std::size_t all_logits_ = 0, all_logit_gradients_ = 0;  // of the whole batch, if others have a part of it
  const float* logits_ = nullptr;                         // of the whole batch

  // What the operations of the present step read.
  const Batch* batch_ = nullptr;
  Pictures pictures_;
  const DropoutMasks* masks_ = nullptr;  // of the whole batch
  StepLoss loss_{};
};

}  // namespace bart
