#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "bart/engine/backend.h"
#include "referee/referee.h"

namespace bart::referee {

/// The double-precision referee as a backend of the engine, which proves that nothing above the interface
/// depends on the processor backend. Without class weights.
class RefereeBackend final : public Backend {
 public:
  explicit RefereeBackend(const Architecture& architecture) : architecture_(architecture) {}

  const Architecture& architecture() const override { return architecture_; }
  Capabilities capabilities() const override { return {.bf16 = false, .exact = false}; }
  void load(const StateDict& state) override;
  StateDict state() const override;
  StepResult step(const Batch& batch, const DropoutMasks& masks, const StepOptions& options) override;
  void evaluate(std::span<const std::uint8_t* const> pictures, std::span<float> logits,
                std::span<float> features) override;
  AdamState adam_state() const override;
  void load_adam_state(const AdamState& adam) override;
  void synchronize() override {}
  void release_memory() override {}

 private:
  Architecture architecture_;
  std::optional<Referee> referee_;  // from load() on
  std::int64_t batches_tracked_ = 0;
};

}  // namespace bart::referee
