#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "bart/augment/picture_change.h"
#include "bart/engine/optimizer.h"
#include "bart/network/architecture.h"
#include "bart/network/dropout.h"
#include "bart/network/state_dict.h"

namespace bart {

/// A batch of training pictures, which may lie anywhere in memory.
struct Batch {
  std::span<const std::uint8_t* const> pictures;  // n pointers to [side, side, 3]
  std::span<const std::int32_t> labels;           // [n]
  std::span<const float> class_weights = {};      // [classes], in the loss; empty: all 1
  /// [classes], added to the logits in the loss (Menon et al. 2021, "Long-tail learning via logit
  /// adjustment"); empty: all 0.
  std::span<const float> logit_adjustments = {};
  double label_smoothing = 0;  // as in torch.nn.CrossEntropyLoss
  /// [n], for a DeviceTraining: each picture is changed so into one of the network's size before the step,
  /// to the bytes of change_picture(). Empty: the pictures are taken as they are.
  std::span<const PictureChange> changes = {};
  int changed_side = 0;  // side of the pictures if there are changes; else it is the network's
};

/// The settings that may differ from step to step.
struct StepOptions {
  double learning_rate = 0.001;
  double clip_norm = 0;  // above 0: all gradients together are scaled down to this norm
  Optimizer optimizer = {};
  /// The step ends after the loss: only the running statistics of BatchNorm change.
  bool forward_only = false;
  /// For a DeviceTraining: above 0, the average of the model moves by this share of the way to the model
  /// after the step; with 1 it becomes a copy.
  float average_weight = 0;
};

struct StepResult {
  float loss;   // mean cross entropy of the batch, weighted as torch.nn.CrossEntropyLoss(weight) does
  int correct;  // pictures whose largest logit is that of their label
  /// The L2 norm of all gradients together, before clipping; 0 if the loss is not finite.
  double gradient_norm = 0;
};

/// The state of torch.optim.Adam: a step counter and two moments per parameter, with its name and shape. SGD
/// keeps its momentum in the first one.
struct AdamState {
  std::int64_t steps = 0;
  StateDict exp_avg;
  StateDict exp_avg_sq;
};

/// What a backend can do besides plain training in f32.
struct Capabilities {
  bool bf16;   // activations in bf16
  bool exact;  // every rounding as in PyTorch's float32 kernels
};

/// What a backend can do besides that computes on a device with memory of its own, while the processor does
/// something else: a training with it copies little there, and nothing back in most steps.
class DeviceTraining {
 public:
  virtual ~DeviceTraining() = default;

  /// Of these pictures, [side, side, 3] each, batches will be made. They stay as they are as long as the
  /// backend exists. From the next step on the device keeps a copy of them, if it has room for all.
  virtual void keep_pictures(std::span<const std::uint8_t* const> pictures, int side) = 0;
  /// Whether the device has a copy of this picture, so that its bytes are no longer read.
  virtual bool keeps(const std::uint8_t* picture) const = 0;

  /// Starts a step as Backend::step() does it, and does not wait for its end. If the loss or the gradient of
  /// a step is not finite, this step and those that are started until finish_steps() change no parameter.
  virtual void start_step(const Batch& batch, const DropoutMasks& masks, const StepOptions& options) = 0;
  /// Waits for all steps and returns the results since the last call, in order.
  virtual std::vector<StepResult> finish_steps() = 0;

  /// The moving average of parameters and running statistics, see StepOptions::average_weight; empty if there
  /// is none.
  virtual StateDict average() const = 0;
  /// Throws Error when a tensor is missing or has another shape.
  virtual void load_average(const StateDict& average) = 0;
};

/// Executes a network: on this computer's processor, on another device, or in the tests as a slow reference.
/// Engine checks the arguments before they come here.
class Backend {
 public:
  virtual ~Backend() = default;

  virtual const Architecture& architecture() const = 0;
  virtual Capabilities capabilities() const = 0;

  /// Takes over parameters, running statistics and counters. Throws Error when a tensor is missing or has
  /// another shape; the state is then undefined.
  virtual void load(const StateDict& state) = 0;
  virtual StateDict state() const = 0;

  /// One step: forward pass in training mode, loss, and unless options.forward_only is set backward pass,
  /// clipping, optimizer. If the loss or the gradient is not finite, the parameters and the optimizer stay as
  /// they are.
  virtual StepResult step(const Batch& batch, const DropoutMasks& masks, const StepOptions& options) = 0;

  /// Writes the logits in evaluation mode, [n, classes], and, if `features` is not empty, the activations of
  /// the last convolution (after BatchNorm and ReLU, before the pooling), [n, channels, side, side].
  virtual void evaluate(std::span<const std::uint8_t* const> pictures, std::span<float> logits,
                        std::span<float> features) = 0;

  virtual AdamState adam_state() const = 0;
  /// Throws Error when a moment is missing or has another shape.
  virtual void load_adam_state(const AdamState& adam) = 0;

  /// nullptr if the backend computes on the processor. It belongs to the backend.
  virtual DeviceTraining* device_training() { return nullptr; }

  /// Waits until all work is done.
  virtual void synchronize() = 0;

  /// Takes the memory for evaluations, and if `training` for steps, of batches up to this size, where it has
  /// memory of its own. Throws Error when there is too little.
  virtual void reserve([[maybe_unused]] std::int64_t batch_size, [[maybe_unused]] bool training) {}

  /// Returns memory to the system that is not needed until the next step or evaluation.
  virtual void release_memory() = 0;
};

}  // namespace bart
