#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "bart/network/architecture.h"
#include "bart/network/dropout.h"
#include "bart/network/state_dict.h"

namespace bart {

/// The numbers that activations are kept and convolved in. Sums, statistics, parameters and Adam are f32 in
/// either.
enum class Precision { f32, bf16 };

/// Whether this processor multiplies bf16 itself (AVX512_BF16 or AMX), which makes it the faster precision.
bool multiplies_bf16();

/// Whether there are kernels for bf16 here: those of AVX2 keep activations in bf16 and multiply them as floats.
bool runs_bf16();

struct EngineOptions {
  int threads = 1;
  Precision precision = Precision::f32;             // of training steps
  Precision evaluation_precision = Precision::f32;  // of evaluate()
  /// Every rounding as PyTorch's float32 kernels do it: direct convolutions only, and statistics in two
  /// passes. Needs f32 in both.
  bool exact = false;
};

/// One batch of training. Pictures are picked from wherever they lie: the engine writes them straight into
/// the layout of the first convolution.
struct Batch {
  std::span<const std::uint8_t* const> pictures;  // n pointers to [image_size, image_size, 3]
  std::span<const std::int32_t> labels;           // [n]
  std::span<const float> class_weights = {};      // [classes], in the loss; empty: all 1
};

struct StepResult {
  float loss;   // mean cross entropy of the batch, weighted as torch.nn.CrossEntropyLoss(weight) does
  int correct;  // pictures whose largest logit is their label's
};

/// What torch.optim.Adam keeps: a step counter and two moments of each parameter, named and shaped like it.
struct AdamState {
  std::int64_t steps = 0;
  StateDict exp_avg;
  StateDict exp_avg_sq;
};

/// One operation of a plan, timed.
struct OperationTime {
  std::string name;            // "block1.0 forward"
  std::string implementation;  // oneDNN's name of its kernel, or "bart"
  double seconds;              // median over the rounds
  double flops;                // multiplications and additions of the direct algorithm; 0: not counted
  double bytes;                // that it must at least read and write
};

/// Executes a network on this computer: holds its parameters, gradients and Adam's state in the layouts that
/// the kernels want, and one compiled plan for each batch size met.
class Engine {
 public:
  /// Throws Error when the network or the number of threads cannot be executed.
  Engine(const Architecture& architecture, const EngineOptions& options);
  ~Engine();
  Engine(Engine&&) noexcept;
  Engine& operator=(Engine&&) noexcept;

  /// Takes over parameters and running statistics. Throws Error when a tensor is missing or has another
  /// shape.
  void load(const StateDict& state);
  StateDict state() const;

  /// Forward in training mode, loss, backward; leaves the gradients of every parameter.
  StepResult forward_backward(const Batch& batch, const DropoutMasks& masks);

  /// The last step's gradients, named and shaped like the parameters.
  StateDict gradients() const;

  /// The last step's logits, [n, classes], until the next evaluate(), state() or adam_state(). Throws Error
  /// where there are none.
  std::vector<float> last_logits() const;

  /// torch.nn.utils.clip_grad_norm_: scales all gradients so that their norm, taken together, is at most
  /// `max_norm`. Returns the norm that they had.
  double clip_gradients(double max_norm);

  /// One step of torch.optim.Adam (betas 0.9 / 0.999, eps 1e-8, bias-corrected) on the gradients.
  void adam_step(double learning_rate);

  /// Adam's state, to be kept and gone on from with the same results to the last bit.
  AdamState adam_state() const;
  /// Throws Error when a moment is missing or has another shape.
  void load_adam_state(const AdamState& adam);

  /// Logits in evaluation mode (running statistics, no dropout) into [n, classes].
  void evaluate(std::span<const std::uint8_t* const> pictures, std::span<float> logits);

  /// The same, and the activations of the last convolution (behind BatchNorm and ReLU, before the pooling)
  /// into `features`, [n, channels, side, side]: what Grad-CAM looks at.
  void evaluate_with_features(std::span<const std::uint8_t* const> pictures, std::span<float> logits,
                              std::span<float> features);

  /// Runs `rounds` training steps (Adam included, with a learning rate of 0) and times each operation.
  std::vector<OperationTime> time_training_step(const Batch& batch, const DropoutMasks& masks, int rounds);
  /// The same of an evaluation.
  std::vector<OperationTime> time_evaluation(std::span<const std::uint8_t* const> pictures, int rounds);

  /// The plan of a batch size in words: operations in order, implementation, layouts, buffers, arena.
  std::string describe_plan(int batch_size, bool training) const;

  const Architecture& architecture() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace bart
