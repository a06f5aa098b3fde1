#include "bart/engine/processor.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "adam.h"
#include "arena.h"
#include "bart/platform/error.h"
#include "check_arguments.h"
#include "clip_gradients.h"
#include "evaluation_plan.h"
#include "onednn_errors.h"
#include "onednn_threads.h"
#include "parameters.h"
#include "sgd.h"
#include "training_plan.h"

namespace bart {

struct ProcessorBackend::Impl {
  CompiledNetwork network;
  Parameters parameters{network};
  EvaluationWeights evaluation_weights{network};
  bool evaluation_current = false;  // whether these are the parameters as they are now
  AlignedMemory arena;              // of the largest plan; all plans share it
  std::map<std::int64_t, std::unique_ptr<TrainingPlan>> training_plans;
  std::map<std::int64_t, std::unique_ptr<EvaluationPlan>> evaluation_plans;
  const TrainingPlan* last_step = nullptr;

  Impl(const Architecture& architecture, const EngineOptions& options)
      : network(compile_network(architecture, options)) {}

  std::int64_t parameter_count() const { return static_cast<std::int64_t>(network.parameter_count); }

  /// For as long as a call works with oneDNN's kernels.
  [[nodiscard]] OneDnnThreads enter() const { return OneDnnThreads(network.team); }

  /// Throws Error when a batch does not fit the network, or one of this process's pictures is missing.
  void check(const Batch& batch, const DropoutMasks& masks) const {
    check_batch(network.architecture, batch, masks);
    const OwnPictures own =
        own_pictures(static_cast<std::int64_t>(batch.pictures.size()), network.slices, network.group);
    check_pictures(batch.pictures.subspan(static_cast<std::size_t>(own.first),
                                          static_cast<std::size_t>(own.end - own.first)));
  }

  /// What only a training needs: three times the memory of the parameters.
  void prepare_training() {
    if (parameters.gradients.size() > 0) return;
    for (AlignedMemory* memory : {&parameters.gradients, &parameters.exp_avg, &parameters.exp_avg_sq}) {
      *memory = AlignedMemory(network.parameter_count * sizeof(float));
    }
  }

  /// One of the flat arrays that are laid out as the parameters, in PyTorch's layout; zeros where there is
  /// none.
  StateDict like_parameters(const AlignedMemory& values) const {
    StateDict state = empty_state(network.architecture);
    std::erase_if(state, [](const Tensor& tensor) { return !is_parameter(tensor.name); });
    if (values.size() > 0) export_state(network, values.floats(), nullptr, state);
    return state;
  }

  void update_evaluation_weights() {
    if (!evaluation_current) evaluation_weights.update(parameters);
    evaluation_current = true;
  }

  /// Room for `bytes`. Growing moves the arena, so plans made before must be made again.
  void grow_arena(std::size_t bytes) {
    if (bytes <= arena.size()) return;
    training_plans.clear();
    evaluation_plans.clear();
    last_step = nullptr;
    arena = AlignedMemory();
    arena = AlignedMemory(bytes);
  }

  TrainingPlan& training_plan(std::int64_t n) {
    const auto found = training_plans.find(n);
    if (found != training_plans.end()) return *found->second;
    prepare_training();
    return with_onednn("train this network", [&]() -> TrainingPlan& {
      auto plan = std::make_unique<TrainingPlan>(network, n);
      grow_arena(plan->arena_bytes());
      plan->bind(arena.bytes(), parameters);
      return *(training_plans[n] = std::move(plan));
    });
  }

  EvaluationPlan& evaluation_plan(std::int64_t n) {
    const auto found = evaluation_plans.find(n);
    if (found != evaluation_plans.end()) return *found->second;
    return with_onednn("execute this network", [&]() -> EvaluationPlan& {
      auto plan = std::make_unique<EvaluationPlan>(network, n, network.team);
      grow_arena(plan->arena_bytes());
      plan->bind(arena.bytes(), parameters, evaluation_weights);
      return *(evaluation_plans[n] = std::move(plan));
    });
  }

  /// The plan of a step that is about to change statistics, gradients and the arena.
  TrainingPlan& begin_step(const Batch& batch) {
    TrainingPlan& plan = training_plan(static_cast<std::int64_t>(batch.pictures.size()));
    evaluation_current = false;
    return plan;
  }

  EvaluationPlan& begin_evaluation(Pictures pictures) {
    last_step = nullptr;  // its logits lie in the arena that is used now
    update_evaluation_weights();
    return evaluation_plan(static_cast<std::int64_t>(pictures.size()));
  }
};

ProcessorBackend::ProcessorBackend(const Architecture& architecture, const EngineOptions& options)
    : impl_(with_onednn("execute this network",
                        [&] { return std::make_unique<Impl>(architecture, options); })) {}

ProcessorBackend::~ProcessorBackend() = default;

const Architecture& ProcessorBackend::architecture() const {
  return impl_->network.architecture;
}

Capabilities ProcessorBackend::capabilities() const {
  return {.bf16 = runs_bf16(), .exact = true};
}

void ProcessorBackend::load(const StateDict& state) {
  const OneDnnThreads threads = impl_->enter();
  Parameters& p = impl_->parameters;
  impl_->evaluation_current = false;
  import_state(impl_->network, state, p.values.floats(), p.statistics.floats());
  const Tensor* tracked =
      find_tensor(state, impl_->network.convolutions.front().norm_name + ".num_batches_tracked");
  const auto* count = tracked == nullptr ? nullptr : std::get_if<std::vector<std::int64_t>>(&tracked->values);
  p.batches_tracked = count == nullptr || count->empty() ? 0 : count->front();
}

StateDict ProcessorBackend::state() const {
  const OneDnnThreads threads = impl_->enter();
  const Parameters& p = impl_->parameters;
  StateDict state = empty_state(impl_->network.architecture);
  export_state(impl_->network, p.values.floats(), p.statistics.floats(), state);
  for (Tensor& tensor : state) {
    if (auto* counts = std::get_if<std::vector<std::int64_t>>(&tensor.values)) {
      std::ranges::fill(*counts, p.batches_tracked);
    }
  }
  return state;
}

StepResult ProcessorBackend::forward_backward(const Batch& batch, const DropoutMasks& masks,
                                              bool forward_only) {
  impl_->check(batch, masks);
  const OneDnnThreads threads = impl_->enter();
  TrainingPlan& plan = impl_->begin_step(batch);
  impl_->last_step = &plan;
  ++impl_->parameters.batches_tracked;
  const StepLoss loss = plan.run(batch, masks, forward_only);
  return {loss.loss, loss.correct};
}

StepResult ProcessorBackend::step(const Batch& batch, const DropoutMasks& masks, const StepOptions& options) {
  StepResult result = forward_backward(batch, masks, options.forward_only);
  if (options.forward_only || !std::isfinite(result.loss)) return result;
  result.gradient_norm = apply_gradients(options);
  return result;
}

double ProcessorBackend::apply_gradients(const StepOptions& options) {
  const double norm = clip_gradients(options.clip_norm > 0 ? options.clip_norm : INFINITY);
  if (std::isfinite(norm)) optimizer_step(options.learning_rate, options.optimizer);
  return norm;
}

StateDict ProcessorBackend::gradients() const {
  const OneDnnThreads threads = impl_->enter();
  return impl_->like_parameters(impl_->parameters.gradients);
}

std::vector<float> ProcessorBackend::last_logits() const {
  if (impl_->last_step == nullptr)
    throw Error("there are no logits: the last thing that the engine did was no training step");
  return impl_->last_step->logits();
}

double ProcessorBackend::clip_gradients(double max_norm) {
  check_clip_norm(max_norm);
  const OneDnnThreads threads = impl_->enter();
  impl_->prepare_training();
  return bart::clip_gradients(impl_->network.team, impl_->parameters.gradients.floats(),
                              impl_->parameter_count(), max_norm);
}

void ProcessorBackend::optimizer_step(double learning_rate, const Optimizer& optimizer) {
  check_optimizer(learning_rate, optimizer);
  const OneDnnThreads threads = impl_->enter();
  impl_->prepare_training();
  impl_->evaluation_current = false;
  Parameters& p = impl_->parameters;
  ++p.adam_steps;
  const auto update = [&](std::size_t first, std::size_t end, double weight_decay) {
    const auto count = static_cast<std::int64_t>(end - first);
    if (optimizer.kind == OptimizerKind::sgd) {
      sgd_step(impl_->network.team, count, {.learning_rate = learning_rate, .weight_decay = weight_decay},
               p.gradients.floats() + first, p.exp_avg.floats() + first, p.values.floats() + first);
    } else {
      adam_step(impl_->network.team, count, p.adam_steps,
                {.learning_rate = learning_rate, .beta2 = optimizer.beta2, .weight_decay = weight_decay},
                p.gradients.floats() + first, p.exp_avg.floats() + first, p.exp_avg_sq.floats() + first,
                p.values.floats() + first);
    }
  };
  if (optimizer.weight_decay == 0) {
    update(0, impl_->network.parameter_count, 0);
    return;
  }
  // Each layer's weights are followed by its bias and those of its BatchNorm.
  std::size_t first = 0;
  for (const auto& [weights, end] : impl_->network.weight_ranges()) {
    update(first, weights, 0);
    update(weights, end, optimizer.weight_decay);
    first = end;
  }
  update(first, impl_->network.parameter_count, 0);
}

AdamState ProcessorBackend::adam_state() const {
  const OneDnnThreads threads = impl_->enter();
  const Parameters& p = impl_->parameters;
  return {p.adam_steps, impl_->like_parameters(p.exp_avg), impl_->like_parameters(p.exp_avg_sq)};
}

void ProcessorBackend::load_adam_state(const AdamState& adam) {
  if (adam.steps < 0) throw Error(fmt::format("an optimizer cannot have taken {} steps", adam.steps));
  const OneDnnThreads threads = impl_->enter();
  impl_->prepare_training();
  Parameters& p = impl_->parameters;
  import_state(impl_->network, adam.exp_avg, p.exp_avg.floats(), nullptr);
  import_state(impl_->network, adam.exp_avg_sq, p.exp_avg_sq.floats(), nullptr);
  p.adam_steps = adam.steps;
}

void ProcessorBackend::evaluate(std::span<const std::uint8_t* const> pictures, std::span<float> logits,
                                std::span<float> features) {
  check_evaluation(architecture(), pictures.size(), logits.size(), features.size());
  check_pictures(pictures);
  if (pictures.empty()) return;
  const OneDnnThreads threads = impl_->enter();
  impl_->begin_evaluation(pictures).run(pictures, logits, features);
}

void ProcessorBackend::release_memory() {
  impl_->last_step = nullptr;
  impl_->arena.release();
}

std::vector<Operation> ProcessorBackend::step_operations(const Batch& batch, const DropoutMasks& masks) {
  impl_->check(batch, masks);
  const OneDnnThreads threads = impl_->enter();
  std::vector<Operation> operations = impl_->begin_step(batch).operations(batch, masks);
  impl_->last_step = nullptr;
  const auto parameters = static_cast<double>(impl_->network.parameter_count);
  operations.push_back({"Adam", "bart", [this] { optimizer_step(0); }, 0, parameters * 7 * sizeof(float)});
  return operations;
}

std::vector<Operation> ProcessorBackend::evaluation_operations(
    std::span<const std::uint8_t* const> pictures) {
  if (pictures.empty()) throw Error("an evaluation without pictures has no operations");
  check_pictures(pictures);
  const OneDnnThreads threads = impl_->enter();
  return impl_->begin_evaluation(pictures).operations(pictures);
}

std::string ProcessorBackend::describe_plan(int batch_size, bool training) const {
  if (batch_size < 1) throw Error(fmt::format("a plan needs a batch of at least 1, not {}", batch_size));
  const OneDnnThreads threads = impl_->enter();
  // Bound to memory that is never touched, so that it costs address space alone.
  return with_onednn("execute this network", [&] {
    Parameters parameters(impl_->network);
    if (training) {
      parameters.gradients = AlignedMemory(impl_->network.parameter_count * sizeof(float));
      TrainingPlan plan(impl_->network, batch_size);
      const AlignedMemory memory(plan.arena_bytes());
      plan.bind(memory.bytes(), parameters);
      return plan.description();
    }
    const EvaluationWeights weights(impl_->network);
    EvaluationPlan plan(impl_->network, batch_size, impl_->network.team);
    const AlignedMemory memory(plan.arena_bytes());
    plan.bind(memory.bytes(), parameters, weights);
    return plan.description();
  });
}

}  // namespace bart
