#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "bart/engine/backend.h"
#include "bart/engine/precision.h"
#include "bart/network/architecture.h"
#include "bart/network/dropout.h"
#include "bart/network/state_dict.h"
#include "bart/platform/group.h"

namespace bart {

class Device;

struct EngineOptions {
  int threads = 0;                                  // 0: what this process may use
  Precision precision = Precision::f32;             // of training steps
  Precision evaluation_precision = Precision::f32;  // of evaluate()
  /// Every rounding is that of PyTorch's float32 kernels: only direct convolutions, and statistics in two
  /// passes. Both precisions must be f32.
  bool exact = false;
  /// Training batches are cut into this many slices, a power of two up to most_slices. Sums over a batch are
  /// made of those over slices, in one fixed order, so that the bits do not depend on the number of
  /// processes. 1: sums are in the order of the pictures, which is faster. More than 1 cannot be exact.
  int slices = 1;
  /// The processes that share each training batch; their number divides `slices`. They outlive the engine.
  /// Each calls step() with the same batch, of which it needs only the pixels of own_pictures(). nullptr:
  /// this process alone.
  Group* group = nullptr;
  /// What computes instead of this computer's processor: neither exact, nor in slices, nor with a group.
  std::shared_ptr<Device> device = nullptr;
};

inline constexpr int most_slices = 16;
/// Of every training that several processes may share: another number gives other bits.
inline constexpr int shared_training_slices = 8;

/// The pictures of a batch of n that a process computes, from `first` to before `end`.
struct OwnPictures {
  std::int64_t first, end;
};
OwnPictures own_pictures(std::int64_t n, int slices, const Group* group);

/// Trains and evaluates a network on a backend. It must not be used by several threads at once (an Evaluator
/// may be).
class Engine {
 public:
  /// An engine on options.device, or else on this computer's processor. Throws Error when the network or the
  /// options cannot be executed there.
  Engine(const Architecture& architecture, const EngineOptions& options);
  /// An engine on another backend.
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

  /// One step of training: forward, loss, and unless options.forward_only is set backward, clipping and
  /// optimizer. If the loss or the gradient is not finite, parameters and optimizer stay as they are. Throws
  /// Error when the batch or the masks do not fit the network.
  StepResult step(const Batch& batch, const DropoutMasks& masks, const StepOptions& options);

  /// What the engine can do besides if it computes on a device with memory of its own; else nullptr. Its
  /// steps are started by start_step(), which checks them.
  DeviceTraining* device_training() const;
  /// Starts a step, which without a device_training() is done when this returns. Throws as step().
  void start_step(const Batch& batch, const DropoutMasks& masks, const StepOptions& options);
  /// Waits for all steps and returns the results since the last call, in order.
  std::vector<StepResult> finish_steps();

  /// The state of the optimizer, from which a training goes on with the same bits.
  AdamState adam_state() const;
  /// Throws Error when a moment is missing or has another shape.
  void load_adam_state(const AdamState& adam);

  /// Computes logits in evaluation mode (running statistics, no dropout), [n, classes]. Throws Error when a
  /// span has another size.
  void evaluate(std::span<const std::uint8_t* const> pictures, std::span<float> logits);

  /// The same, and the activations of the last convolution (after BatchNorm and ReLU, before the pooling),
  /// [n, channels, side, side], which Grad-CAM needs.
  void evaluate_with_features(std::span<const std::uint8_t* const> pictures, std::span<float> logits,
                              std::span<float> features);

  /// Waits until all work is done, for measurements of time.
  void synchronize();

  /// Takes the memory of a device for evaluations, and if `training` for steps, of batches up to this size.
  /// Throws Error when it has too little, as the first of them would. Has no effect on a processor.
  void reserve(std::int64_t batch_size, bool training);

  /// Returns memory to the system that is not needed until the next step or evaluation, so that a copy of the
  /// parameters does not raise the peak memory of a training.
  void release_memory();

 private:
  std::unique_ptr<Backend> backend_;
  std::vector<StepResult> finished_;  // steps without a device_training()
};

}  // namespace bart
