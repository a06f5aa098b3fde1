#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "bart/engine/backend.h"
#include "bart/engine/engine.h"
#include "bart/engine/operation.h"
#include "bart/network/architecture.h"
#include "bart/network/dropout.h"
#include "bart/network/state_dict.h"

namespace bart {

/// This computer's processor: holds parameters, gradients and Adam's state in the layouts that the kernels
/// want, and one compiled plan for each batch size used so far. Besides the functions of every backend it has
/// some that show its parts.
class ProcessorBackend final : public Backend {
 public:
  /// Throws Error when the network or the options cannot be executed.
  ProcessorBackend(const Architecture& architecture, const EngineOptions& options);
  ~ProcessorBackend() override;

  const Architecture& architecture() const override;
  Capabilities capabilities() const override;
  void load(const StateDict& state) override;
  StateDict state() const override;
  StepResult step(const Batch& batch, const DropoutMasks& masks, const StepOptions& options) override;
  void evaluate(std::span<const std::uint8_t* const> pictures, std::span<float> logits,
                std::span<float> features = {}) override;
  AdamState adam_state() const override;
  void load_adam_state(const AdamState& adam) override;
  void synchronize() override {}
  void release_memory() override;

  // The parts of a step.

  /// Forward in training mode, loss, backward; leaves the gradients of every parameter. With `forward_only`
  /// without the backward pass.
  StepResult forward_backward(const Batch& batch, const DropoutMasks& masks, bool forward_only = false);
  /// The last step's gradients, named and shaped like the parameters.
  StateDict gradients() const;
  /// The last step's logits, [n, classes], until the next evaluate() or release_memory(). Throws Error where
  /// there are none.
  std::vector<float> last_logits() const;
  /// torch.nn.utils.clip_grad_norm_: scales all gradients so that their norm, taken together, is at most
  /// `max_norm`. Returns the norm that they had. Throws Error for a norm that is negative or NaN.
  double clip_gradients(double max_norm);
  /// One step of the optimizer on the gradients. Throws Error for a learning rate, weight decay or beta 2
  /// that is not possible.
  void optimizer_step(double learning_rate, const Optimizer& optimizer = {});

  // The plans.

  /// The operations of a training step on this batch in order, Adam with a learning rate of 0 included, to be
  /// run one by one. Valid until the next call of anything else; the arguments must live as long.
  std::vector<Operation> step_operations(const Batch& batch, const DropoutMasks& masks);
  /// The same of an evaluation.
  std::vector<Operation> evaluation_operations(std::span<const std::uint8_t* const> pictures);
  /// The plan of a batch size in words: operations in order, implementation, layouts, buffers, arena. Throws
  /// Error when `batch_size` is not positive.
  std::string describe_plan(int batch_size, bool training) const;

 private:
  /// What a step does with the gradients of the whole batch: clips them, and updates the parameters where
  /// they are finite. Returns their norm.
  double apply_gradients(const StepOptions& options);

  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace bart
