#pragma once

#include <cstdint>
#include <span>

#include "bart/engine/optimizer.h"
#include "bart/network/architecture.h"
#include "bart/network/dropout.h"
#include "bart/network/state_dict.h"

namespace bart {

/// A batch of training pictures, which may lie anywhere in memory.
struct Batch {
  std::span<const std::uint8_t* const> pictures;  // n pointers to [image_size, image_size, 3]
  std::span<const std::int32_t> labels;           // [n]
  std::span<const float> class_weights = {};      // [classes], in the loss; empty: all 1
  /// [classes], added to the logits in the loss (Menon et al. 2021, "Long-tail learning via logit
  /// adjustment"); empty: all 0.
  std::span<const float> logit_adjustments = {};
  double label_smoothing = 0;  // as in torch.nn.CrossEntropyLoss
};

/// The settings that may differ from step to step.
struct StepOptions {
  double learning_rate = 0.001;
  double clip_norm = 0;  // above 0: all gradients together are scaled down to this norm
  Optimizer optimizer = {};
  /// The step ends after the loss: only the running statistics of BatchNorm change.
  bool forward_only = false;
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

  /// Waits until all work is done.
  virtual void synchronize() = 0;

  /// Returns memory to the system that is not needed until the next step or evaluation.
  virtual void release_memory() = 0;
};

}  // namespace bart
