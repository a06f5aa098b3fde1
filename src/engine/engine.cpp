#include "bart/engine/engine.h"

#include <fmt/format.h>
#include <omp.h>

#include <algorithm>
#include <map>

#include "adam.h"
#include "arena.h"
#include "bart/platform/error.h"
#include "clip_gradients.h"
#include "evaluation_plan.h"
#include "parameters.h"
#include "training_plan.h"
#include "with_onednn.h"

namespace bart {

namespace {

void check_batch(const Architecture& architecture, const Batch& batch, const DropoutMasks& masks) {
  if (batch.pictures.empty() || batch.pictures.size() != batch.labels.size()) {
    throw Error("a training batch needs pictures, and as many labels");
  }
  for (const std::int32_t label : batch.labels) {
    if (label < 0 || label >= architecture.classes) {
      throw Error(fmt::format("a label of a training batch is {}, which is not below the {} classes", label,
                              architecture.classes));
    }
  }
  if (!batch.class_weights.empty() &&
      batch.class_weights.size() != static_cast<std::size_t>(architecture.classes)) {
    throw Error(fmt::format("a training batch has {} class weights for {} classes",
                            batch.class_weights.size(), architecture.classes));
  }
  const std::size_t blocks = architecture.blocks.size();
  bool fit = masks.size() == blocks + architecture.hidden.size();
  for (std::size_t i = 0; fit && i < masks.size(); ++i) {
    const int width = i < blocks ? architecture.blocks[i].channels : architecture.hidden[i - blocks].features;
    fit = masks[i].size() == batch.pictures.size() * static_cast<std::size_t>(width);
  }
  if (!fit) throw Error("the dropout masks of a training batch do not fit the network and the batch");
}

}  // namespace

struct Engine::Impl {
  dnnl::engine device{dnnl::engine::kind::cpu, 0};
  int threads;
  CompiledNetwork network;
  Parameters parameters;
  EvaluationWeights evaluation_weights{network};
  bool evaluation_current = false;  // whether these are the parameters as they are now
  AlignedMemory arena;              // of the largest plan; all plans share it
  std::map<std::int64_t, std::unique_ptr<TrainingPlan>> training_plans;
  std::map<std::int64_t, std::unique_ptr<EvaluationPlan>> evaluation_plans;
  TrainingPlan* last_step = nullptr;

  Impl(const Architecture& architecture, const EngineOptions& options)
      : threads(options.threads), network(compile_network(architecture, device, options)) {
    parameters.values = AlignedMemory(network.parameter_count * sizeof(float));
    parameters.statistics = AlignedMemory(network.statistic_count * sizeof(float));
  }

  /// Every call of the engine may come from another thread, whose OpenMP settings are its own.
  void enter() const { omp_set_num_threads(threads); }

  /// What only a training needs: four times the memory of a prediction's parameters.
  void prepare_training() {
    if (parameters.gradients.size() > 0) return;
    for (AlignedMemory* memory : {&parameters.gradients, &parameters.exp_avg, &parameters.exp_avg_sq}) {
      *memory = AlignedMemory(network.parameter_count * sizeof(float));
    }
  }

  /// One of the flat arrays that are laid out as the parameters, in PyTorch's layout.
  StateDict like_parameters(const AlignedMemory& values) const {
    StateDict state = empty_state(network.architecture);
    std::erase_if(state, [](const Tensor& tensor) { return !is_parameter(tensor.name); });
    export_state(network, device, values.floats(), nullptr, state);
    return state;
  }

  /// Gives back the arena's memory, which nobody needs between two steps, so that a copy of the parameters
  /// does not add to the most that a training takes.
  void rest() {
    last_step = nullptr;
    arena.release();
  }

  void update_evaluation_weights() {
    if (!evaluation_current) evaluation_weights.update(device, parameters);
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
      auto plan = std::make_unique<TrainingPlan>(network, device, n);
      grow_arena(plan->arena_bytes());
      plan->bind(arena.bytes(), parameters);
      return *(training_plans[n] = std::move(plan));
    });
  }

  EvaluationPlan& evaluation_plan(std::int64_t n) {
    const auto found = evaluation_plans.find(n);
    if (found != evaluation_plans.end()) return *found->second;
    return with_onednn("execute this network", [&]() -> EvaluationPlan& {
      auto plan = std::make_unique<EvaluationPlan>(network, device, n);
      grow_arena(plan->arena_bytes());
      plan->bind(arena.bytes(), parameters, evaluation_weights);
      return *(evaluation_plans[n] = std::move(plan));
    });
  }
};

Engine::Engine(const Architecture& architecture, const EngineOptions& options) {
  if (options.threads < 1)
    throw Error(fmt::format("an engine needs at least 1 thread, not {}", options.threads));
  const bool reduced = options.precision != Precision::f32 || options.evaluation_precision != Precision::f32;
  if (options.exact && reduced) throw Error("an engine is exact in f32 only");
  omp_set_num_threads(options.threads);
  impl_ = with_onednn("execute this network", [&] { return std::make_unique<Impl>(architecture, options); });
}

Engine::~Engine() = default;
Engine::Engine(Engine&&) noexcept = default;
Engine& Engine::operator=(Engine&&) noexcept = default;

void Engine::load(const StateDict& state) {
  impl_->enter();
  import_state(impl_->network, impl_->device, state, impl_->parameters.values.floats(),
               impl_->parameters.statistics.floats());
  const Tensor* tracked =
      find_tensor(state, impl_->network.convolutions.front().norm_name + ".num_batches_tracked");
  const auto* count = tracked == nullptr ? nullptr : std::get_if<std::vector<std::int64_t>>(&tracked->values);
  impl_->parameters.batches_tracked = count == nullptr || count->empty() ? 0 : count->front();
  impl_->evaluation_current = false;
}

StateDict Engine::state() const {
  impl_->enter();
  impl_->rest();
  StateDict state = empty_state(impl_->network.architecture);
  export_state(impl_->network, impl_->device, impl_->parameters.values.floats(),
               impl_->parameters.statistics.floats(), state);
  for (Tensor& tensor : state) {
    if (auto* counts = std::get_if<std::vector<std::int64_t>>(&tensor.values)) {
      std::ranges::fill(*counts, impl_->parameters.batches_tracked);
    }
  }
  return state;
}

StepResult Engine::forward_backward(const Batch& batch, const DropoutMasks& masks) {
  check_batch(impl_->network.architecture, batch, masks);
  impl_->enter();
  TrainingPlan& plan = impl_->training_plan(static_cast<std::int64_t>(batch.pictures.size()));
  impl_->last_step = &plan;
  impl_->evaluation_current = false;
  ++impl_->parameters.batches_tracked;
  return plan.run(batch, masks);
}

StateDict Engine::gradients() const {
  impl_->enter();
  impl_->prepare_training();
  return impl_->like_parameters(impl_->parameters.gradients);
}

std::vector<float> Engine::last_logits() const {
  if (impl_->last_step == nullptr)
    throw Error("there are no logits: the last thing that the engine did was no training step");
  return impl_->last_step->logits();
}

double Engine::clip_gradients(double max_norm) {
  impl_->enter();
  impl_->prepare_training();
  return bart::clip_gradients(impl_->parameters.gradients.floats(),
                              static_cast<std::int64_t>(impl_->network.parameter_count), max_norm);
}

void Engine::adam_step(double learning_rate) {
  impl_->enter();
  impl_->prepare_training();
  Parameters& p = impl_->parameters;
  bart::adam_step(static_cast<std::int64_t>(impl_->network.parameter_count), ++p.adam_steps,
                  {.learning_rate = learning_rate}, p.gradients.floats(), p.exp_avg.floats(), p.exp_avg_sq.floats(), p.values.floats());
  impl_->evaluation_current = false;
}

AdamState Engine::adam_state() const {
  impl_->enter();
  impl_->rest();
  impl_->prepare_training();
  const Parameters& p = impl_->parameters;
  return {p.adam_steps, impl_->like_parameters(p.exp_avg), impl_->like_parameters(p.exp_avg_sq)};
}

void Engine::load_adam_state(const AdamState& adam) {
  impl_->enter();
  impl_->prepare_training();
  Parameters& p = impl_->parameters;
  import_state(impl_->network, impl_->device, adam.exp_avg, p.exp_avg.floats(), nullptr);
  import_state(impl_->network, impl_->device, adam.exp_avg_sq, p.exp_avg_sq.floats(), nullptr);
  p.adam_steps = adam.steps;
}

void Engine::evaluate(std::span<const std::uint8_t* const> pictures, std::span<float> logits) {
  evaluate_with_features(pictures, logits, {});
}

void Engine::evaluate_with_features(std::span<const std::uint8_t* const> pictures, std::span<float> logits,
                                    std::span<float> features) {
  check_evaluation(impl_->network, pictures.size(), logits.size(), features.size());
  if (pictures.empty()) return;
  impl_->enter();
  impl_->last_step = nullptr;  // its logits lie in the arena that is used now
  impl_->update_evaluation_weights();
  impl_->evaluation_plan(static_cast<std::int64_t>(pictures.size())).run(pictures, logits, features);
}

std::vector<OperationTime> Engine::time_training_step(const Batch& batch, const DropoutMasks& masks,
                                                      int rounds) {
  check_batch(impl_->network.architecture, batch, masks);
  impl_->enter();
  TrainingPlan& plan = impl_->training_plan(static_cast<std::int64_t>(batch.pictures.size()));
  impl_->last_step = nullptr;
  impl_->evaluation_current = false;
  std::vector<OperationTime> times = plan.time(batch, masks, rounds);
  const double parameters = static_cast<double>(impl_->network.parameter_count);
  const Operation adam{"Adam", "bart", [this] { adam_step(0); }, 0, parameters * 7 * sizeof(float)};
  times.push_back(time_operations({adam}, rounds).front());
  return times;
}

std::vector<OperationTime> Engine::time_evaluation(std::span<const std::uint8_t* const> pictures,
                                                   int rounds) {
  impl_->enter();
  impl_->last_step = nullptr;
  impl_->update_evaluation_weights();
  return impl_->evaluation_plan(static_cast<std::int64_t>(pictures.size())).time(pictures, rounds);
}

std::string Engine::describe_plan(int batch_size, bool training) const {
  impl_->enter();
  // Bound to memory of its own that is never touched, so that it costs address space alone.
  if (training) {
    TrainingPlan plan(impl_->network, impl_->device, batch_size);
    const AlignedMemory memory(plan.arena_bytes());
    plan.bind(memory.bytes(), impl_->parameters);
    return plan.description();
  }
  EvaluationPlan plan(impl_->network, impl_->device, batch_size);
  const AlignedMemory memory(plan.arena_bytes());
  plan.bind(memory.bytes(), impl_->parameters, impl_->evaluation_weights);
  return plan.description();
}

const Architecture& Engine::architecture() const {
  return impl_->network.architecture;
}

}  // namespace bart
