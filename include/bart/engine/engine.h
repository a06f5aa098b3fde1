#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "bart/engine/backend.h"
#include "bart/engine/precision.h"
#include "bart/network/architecture.h"
#include "bart/network/dropout.h"
#include "bart/network/state_dict.h"

namespace bart {

struct EngineOptions {
  int threads = 0;                                  // 0: what this process may use
  Precision precision = Precision::f32;             // of training steps
  Precision evaluation_precision = Precision::f32;  // of evaluate()
  /// Every rounding as PyTorch's float32 kernels do it: direct convolutions only, and statistics in two
  /// passes. Needs f32 in both.
  bool exact = false;
};

/// Trains and evaluates one network: the interface to whatever executes it. Not for several threads at once
/// (Evaluator is).
class Engine {
 public:
  /// On this computer's processor. Throws Error when the network or the options cannot be executed.
  Engine(const Architecture& architecture, const EngineOptions& options);
  /// On another backend.
  explicit Engine(std::unique_ptr<Backend> backend);
  ~Engine();
  Engine(Engine&&) noexcept;
  Engine& operator=(Engine&&) noexcept;

  const Architecture& architecture() const;
  Capabilities capabilities() const;

  /// Takes over parameters and running statistics. Throws Error when a tensor is missing or has another
  /// shape.
  void load(const StateDict& state);
  StateDict state() const;

  /// One step of training: forward, loss, backward, clipping, torch.optim.Adam. Where the loss or the
  /// gradient is not finite, parameters and optimizer stay as they are. Throws Error when the batch or the
  /// masks do not fit the network.
  StepResult step(const Batch& batch, const DropoutMasks& masks, const StepOptions& options);

  /// Adam's state, to be kept and gone on from with the same results to the last bit.
  AdamState adam_state() const;
  /// Throws Error when a moment is missing or has another shape.
  void load_adam_state(const AdamState& adam);

  /// Logits in evaluation mode (running statistics, no dropout) into [n, classes]. Throws Error when a span
  /// has another size.
  void evaluate(std::span<const std::uint8_t* const> pictures, std::span<float> logits);

  /// The same, and the activations of the last convolution (after BatchNorm and ReLU, before the pooling)
  /// into `features`, [n, channels, side, side]: what Grad-CAM looks at.
  void evaluate_with_features(std::span<const std::uint8_t* const> pictures, std::span<float> logits,
                              std::span<float> features);

  /// Returns when all that was asked for is done; to be called before a clock is read.
  void synchronize();

  /// Gives memory back that is not needed until the next step or evaluation, so that a copy of the parameters
  /// does not add to the most that a training takes.
  void release_memory();

 private:
  std::unique_ptr<Backend> backend_;
};

}  // namespace bart
