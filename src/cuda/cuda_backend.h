#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "bart/engine/backend.h"
#include "bart/engine/precision.h"
#include "batch_plan.h"
#include "context.h"
#include "kept_pictures.h"
#include "network_layout.h"

namespace bart::cuda {

/// A network on a GPU. Parameters, statistics, the optimizer's state, the average of the model and the
/// pictures lie in its memory. A step copies what the batch is made of there and launches the recorded graph
/// of its batch size; its loss and norm wait in the GPU's memory until they are asked for.
class CudaBackend final : public Backend, public DeviceTraining {
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
  DeviceTraining* device_training() override { return this; }
  void synchronize() override;
  void reserve(std::int64_t batch_size, bool training) override;
  void release_memory() override;

  void keep_pictures(std::span<const std::uint8_t* const> pictures, int side) override;
  bool keeps(const std::uint8_t* picture) const override { return kept_.find(picture) != 0; }
  void start_step(const Batch& batch, const DropoutMasks& masks, const StepOptions& options) override;
  std::vector<StepResult> finish_steps() override;
  StateDict average() const override;
  void load_average(const StateDict& average) override;

  // For tests: the parts of the last step, until the next call of anything that computes.

  /// The gradients as the optimizer took them, before clipping, named and shaped like the parameters.
  StateDict gradients() const;
  std::vector<float> last_logits() const;  // [n, classes]

 private:
  struct Step;  // the plan of a training step and its graph
  using Plans = std::map<std::int64_t, std::unique_ptr<Step>>;

  void prepare_training();
  void prepare_average();
  Memory take(std::size_t bytes, const std::string& purpose);
  Step& step_for(std::int64_t n);
  void grow_arena(std::size_t bytes, std::int64_t n, const char* what);
  void forget_graphs();
  void record(Step& step);
  StepScalars scalars_of(const Batch& batch, const StepOptions& options) const;
  void upload(const Step& step, const Batch& batch, const DropoutMasks& masks, const StepOptions& options);
  std::size_t room_to_stream(std::span<const std::uint8_t* const> pictures, std::size_t bytes);
  std::uint8_t* pinned(std::size_t bytes, std::size_t pieces);
  void place_pictures(std::span<const std::uint8_t* const> pictures, std::size_t bytes,
                      std::uint8_t* addresses, std::uint8_t* streamed) const;
  void read_outcomes();
  std::int64_t load_model(const StateDict& state, float* to);
  StateDict model_at(const float* values, std::int64_t batches) const;
  std::vector<float> floats_at(const float* address, std::size_t count) const;
  StateDict like_parameters(const float* values) const;

  std::shared_ptr<const Context> context_;
  NetworkLayout layout_;
  Precision training_, evaluation_;
  Memory network_memory_, training_memory_, average_memory_, arena_;
  Memory streamed_;  // pictures of a batch that are not kept
  NetworkMemory network_;
  KeptPictures kept_;
  PinnedMemory pinned_;          // from which steps and evaluations are copied
  std::size_t pinned_used_ = 0;  // by the steps that are started
  PinnedMemory landing_;         // of outcomes
  Plans steps_;
  const Step* last_step_ = nullptr;
  std::vector<StepOptions> started_;  // steps whose outcomes are not yet read
  std::vector<StepResult> results_;   // those that were read
  std::int64_t batches_tracked_ = 0, optimizer_steps_ = 0;
  std::optional<std::int64_t> averaged_batches_ = {};  // nothing: there is no average
};

}  // namespace bart::cuda
