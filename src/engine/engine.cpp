#include "bart/engine/engine.h"

#include <fmt/format.h>

#include <utility>

#include "bart/engine/device.h"
#include "bart/engine/processor.h"
#include "bart/platform/error.h"
#include "check_arguments.h"

namespace bart {
namespace {

void check_step(const Architecture& architecture, const Batch& batch, const DropoutMasks& masks,
                const StepOptions& options) {
  check_batch(architecture, batch, masks);
  check_optimizer(options.learning_rate, options.optimizer);
  check_clip_norm(options.clip_norm);
  if (!(options.average_weight >= 0 && options.average_weight <= 1))
    throw Error("an average moves by a share from 0 to 1 of the way to the model");
}

}  // namespace

namespace {

std::unique_ptr<Backend> backend_for(const Architecture& architecture, const EngineOptions& options) {
  if (options.device == nullptr) return std::make_unique<ProcessorBackend>(architecture, options);
  if (options.exact || options.slices != 1 || options.group != nullptr) {
    throw Error(fmt::format("{} computes neither exactly, nor in slices, nor with other processes",
                            options.device->name()));
  }
  return options.device->backend(architecture, options.precision, options.evaluation_precision);
}

}  // namespace

Engine::Engine(const Architecture& architecture, const EngineOptions& options)
    : backend_(backend_for(architecture, options)) {}

Engine::Engine(std::unique_ptr<Backend> backend) : backend_(std::move(backend)) {
  if (!backend_) throw Error("an engine needs something to compute with");
}

Engine::~Engine() = default;
Engine::Engine(Engine&&) noexcept = default;
Engine& Engine::operator=(Engine&&) noexcept = default;

const Architecture& Engine::architecture() const {
  return backend_->architecture();
}

Capabilities Engine::capabilities() const {
  return backend_->capabilities();
}

void Engine::load(const StateDict& state) {
  backend_->load(state);
}

StateDict Engine::state() const {
  return backend_->state();
}

StepResult Engine::step(const Batch& batch, const DropoutMasks& masks, const StepOptions& options) {
  check_step(architecture(), batch, masks, options);
  if (device_training() == nullptr) check_for_processor(batch, options);
  return backend_->step(batch, masks, options);
}

DeviceTraining* Engine::device_training() const {
  return backend_->device_training();
}

void Engine::start_step(const Batch& batch, const DropoutMasks& masks, const StepOptions& options) {
  if (DeviceTraining* device = device_training()) {
    check_step(architecture(), batch, masks, options);
    device->start_step(batch, masks, options);
  } else {
    finished_.push_back(step(batch, masks, options));
  }
}

std::vector<StepResult> Engine::finish_steps() {
  if (DeviceTraining* device = device_training()) return device->finish_steps();
  return std::exchange(finished_, {});
}

AdamState Engine::adam_state() const {
  return backend_->adam_state();
}

void Engine::load_adam_state(const AdamState& adam) {
  backend_->load_adam_state(adam);
}

void Engine::evaluate(std::span<const std::uint8_t* const> pictures, std::span<float> logits) {
  evaluate_with_features(pictures, logits, {});
}

void Engine::evaluate_with_features(std::span<const std::uint8_t* const> pictures, std::span<float> logits,
                                    std::span<float> features) {
  check_evaluation(architecture(), pictures.size(), logits.size(), features.size());
  check_pictures(pictures);
  if (!pictures.empty()) backend_->evaluate(pictures, logits, features);
}

void Engine::synchronize() {
  backend_->synchronize();
}

void Engine::reserve(std::int64_t batch_size, bool training) {
  if (batch_size < 1) throw Error(fmt::format("a batch of {} pictures is not possible", batch_size));
  backend_->reserve(batch_size, training);
}

void Engine::release_memory() {
  backend_->release_memory();
}

}  // namespace bart
