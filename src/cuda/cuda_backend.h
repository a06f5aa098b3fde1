#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <vector>

#include "bart/engine/backend.h"
#include "bart/engine/precision.h"
#include "batch_plan.h"
#include "context.h"
#include "network_layout.h"

namespace bart::cuda {

/// A network on a GPU. Parameters, statistics and the optimizer's state lie in its memory; a step copies the
/// batch there, launches the recorded graph of its batch size, and copies loss and norm back.
class CudaBackend final : public Backend {
 public:
  CudaBackend(std::shared_ptr<const Context> context, const Architecture& architecture, Precision training,
              Precision evaluation);
  ~CudaBackend() override;

  const Architecture& architecture() const override { return layout_.architecture; }
  Capabilities capabilities() const override { return {.bf16 = true, .exact = false}; }
  void load(const StateDict& state) override;
  StateDict state() const override;
  StepResult step(const Batch& batch, const DropoutMasks& masks, const StepOptions& options) override;
  void evaluate(std::span<const std::uint8_t* const> pictures, std::span<float> logits,
                std::span<float> features) override;
  AdamState adam_state() const override;
  void load_adam_state(const AdamState& adam) override;
  void synchronize() override;
  void release_memory() override;

  // For tests: the parts of the last step, until the next call of anything that computes.

  /// The gradients as the optimizer took them, before clipping, named and shaped like the parameters.
  StateDict gradients() const;
  std::vector<float> last_logits() const;  // [n, classes]

 private:
  struct Step;  // the plan of a training step and its graph
  using Plans = std::map<std::int64_t, std::unique_ptr<Step>>;

  void prepare_training();
  Step& step_for(std::int64_t n);
  void grow_arena(std::size_t bytes, std::int64_t n, const char* what);
  void forget_graphs();
  void record(Step& step);
  void upload(const Step& step, const Batch& batch, const DropoutMasks& masks, const StepOptions& options);
  StepScalars scalars_of(const Batch& batch, const StepOptions& options) const;
  std::vector<float> floats_at(const float* address, std::size_t count) const;
  StateDict like_parameters(const float* values) const;

  std::shared_ptr<const Context> context_;
  NetworkLayout layout_;
  Precision training_, evaluation_;
  Memory network_memory_, training_memory_, arena_;
  NetworkMemory network_;
  PinnedMemory pinned_;
  Plans steps_;
  const Step* last_step_ = nullptr;
  std::int64_t batches_tracked_ = 0, optimizer_steps_ = 0;
};

}  // namespace bart::cuda
