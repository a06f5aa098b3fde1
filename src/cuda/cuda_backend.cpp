#include "cuda_backend.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "bart/platform/error.h"

namespace bart::cuda {
namespace {

// Those of torch.optim that BART never changes.
constexpr double beta1 = 0.9, momentum = 0.9, eps = 1e-8;

Arithmetic arithmetic_of(Precision precision) {
  switch (precision) {
    case Precision::bf16:
      return Arithmetic::bf16;
    case Precision::tf32:
      return Arithmetic::tf32;
    case Precision::f32:
      break;
  }
  return Arithmetic::f32;
}

}  // namespace

/// The graph belongs to the arena as it lies now, so it is forgotten when that moves.
struct CudaBackend::Step {
  const Context& context;
  BatchPlan plan;
  std::int64_t n;
  void* graph = nullptr;

  void forget_graph() {
    if (graph != nullptr) context.driver().destroy_executable(std::exchange(graph, nullptr));
  }
};

CudaBackend::CudaBackend(std::shared_ptr<const Context> context, const Architecture& architecture,
                         Precision training, Precision evaluation)
    : context_(std::move(context)), layout_(architecture), training_(training), evaluation_(evaluation) {
  context_->enter();
  network_memory_ =
      Memory(context_, (layout_.parameters + layout_.statistics) * sizeof(float), "for the network");
  network_.parameters = network_memory_.at<float>(0);
  network_.statistics = network_.parameters + layout_.parameters;
  context_->clear(network_memory_.address(), network_memory_.size());
}

CudaBackend::~CudaBackend() {
  context_->enter_quietly();
  forget_graphs();
}

void CudaBackend::forget_graphs() {
  for (auto& [n, step] : steps_) step->forget_graph();
}

/// What only a training needs: three times the memory of the parameters.
void CudaBackend::prepare_training() {
  if (training_memory_.size() > 0) return;
  training_memory_ =
      Memory(context_, 3 * layout_.parameters * sizeof(float), "for gradients and the optimizer");
  network_.gradients = training_memory_.at<float>(0);
  network_.exp_avg = network_.gradients + layout_.parameters;
  network_.exp_avg_sq = network_.exp_avg + layout_.parameters;
  context_->clear(training_memory_.address(), training_memory_.size());
}

void CudaBackend::load(const StateDict& state) {
  std::vector<float> values(layout_.parameters + layout_.statistics);
  lay_out(layout_, state, values.data(), values.data() + layout_.parameters);
  const Tensor* tracked = find_tensor(state, layout_.convolutions.front().norm_name + ".num_batches_tracked");
  const auto* count = tracked == nullptr ? nullptr : std::get_if<std::vector<std::int64_t>>(&tracked->values);
  context_->enter();
  context_->copy_to_device(network_memory_.address(), values.data(), values.size() * sizeof(float));
  context_->synchronize();
  batches_tracked_ = count == nullptr || count->empty() ? 0 : count->front();
}

std::vector<float> CudaBackend::floats_at(const float* address, std::size_t count) const {
  std::vector<float> values(count);
  context_->enter();
  context_->copy_to_host(values.data(), reinterpret_cast<DeviceMemory>(address), count * sizeof(float));
  context_->synchronize();
  return values;
}

StateDict CudaBackend::state() const {
  const std::vector<float> values = floats_at(network_.parameters, layout_.parameters + layout_.statistics);
  StateDict state = empty_state(layout_.architecture);
  read_out(layout_, values.data(), values.data() + layout_.parameters, batches_tracked_, state);
  return state;
}

/// One of the arrays that are laid out as the parameters; zeros where there is none.
StateDict CudaBackend::like_parameters(const float* values) const {
  StateDict state = empty_state(layout_.architecture);
  std::erase_if(state, [](const Tensor& tensor) { return !is_parameter(tensor.name); });
  if (values != nullptr) read_out(layout_, floats_at(values, layout_.parameters).data(), nullptr, 0, state);
  return state;
}

AdamState CudaBackend::adam_state() const {
  return {optimizer_steps_, like_parameters(network_.exp_avg), like_parameters(network_.exp_avg_sq)};
}

void CudaBackend::load_adam_state(const AdamState& adam) {
  std::vector<float> moments(2 * layout_.parameters);
  lay_out(layout_, adam.exp_avg, moments.data(), nullptr);
  lay_out(layout_, adam.exp_avg_sq, moments.data() + layout_.parameters, nullptr);
  context_->enter();
  prepare_training();
  context_->copy_to_device(reinterpret_cast<DeviceMemory>(network_.exp_avg), moments.data(),
                           moments.size() * sizeof(float));
  context_->synchronize();
  optimizer_steps_ = adam.steps;
}

/// Room for a plan. Growing moves the arena.
void CudaBackend::grow_arena(std::size_t bytes, std::int64_t n, const char* what) {
  if (bytes <= arena_.size()) return;
  forget_graphs();
  last_step_ = nullptr;
  arena_ = Memory();
  arena_ = Memory(context_, bytes, fmt::format("to {} batches of {}", what, n));
}

CudaBackend::Step& CudaBackend::step_for(std::int64_t n) {
  std::unique_ptr<Step>& step = steps_[n];
  if (step == nullptr) {
    step.reset(new Step{*context_, BatchPlan(layout_, n, arithmetic_of(training_), true), n});
  }
  grow_arena(step->plan.bytes(), n, "train on");
  if (pinned_.size() < step->plan.upload_bytes() + sizeof(StepOutcome)) {
    pinned_ = PinnedMemory();
    pinned_ = PinnedMemory(context_, step->plan.upload_bytes() + sizeof(StepOutcome));
  }
  return *step;
}

void CudaBackend::record(Step& step) {
  if (step.graph != nullptr) return;
  context_->begin_capture();
  try {
    step.plan.forward(*context_, arena_.address(), network_);
    step.plan.loss(*context_, arena_.address());
    step.plan.backward(*context_, arena_.address(), network_);
    step.plan.optimizer(*context_, arena_.address(), network_);
  } catch (...) {
    context_->abandon_capture();
    throw;
  }
  step.graph = context_->end_capture();
}

StepScalars CudaBackend::scalars_of(const Batch& batch, const StepOptions& options) const {
  const Optimizer& optimizer = options.optimizer;
  const auto step = static_cast<double>(optimizer_steps_ + 1);
  const double correction1 = 1 - std::pow(beta1, step), correction2 = 1 - std::pow(optimizer.beta2, step);
  const double rate = options.learning_rate;
  return {.clip_norm = options.clip_norm,
          .smoothing = batch.label_smoothing,
          .weighted = batch.class_weights.empty() ? 0 : 1,
          .adjusted = batch.logit_adjustments.empty() ? 0 : 1,
          .sgd = optimizer.kind == OptimizerKind::sgd ? 1 : 0,
          .kept = static_cast<float>(1 - rate * optimizer.weight_decay),
          .lerp = static_cast<float>(1 - beta1),
          .decay = static_cast<float>(optimizer.beta2),
          .gain = static_cast<float>(1 - optimizer.beta2),
          .root = static_cast<float>(std::sqrt(correction2)),
          .eps = static_cast<float>(eps),
          .step_size = static_cast<float>(-(rate / correction1)),
          .sgd_decay = static_cast<float>(optimizer.weight_decay),
          .sgd_momentum = static_cast<float>(momentum),
          .sgd_step = static_cast<float>(-rate)};
}

/// The batch, laid out as at the beginning of the arena, and then on its way there.
void CudaBackend::upload(const Step& step, const Batch& batch, const DropoutMasks& masks,
                         const StepOptions& options) {
  const BatchPlan& plan = step.plan;
  const auto put = [&](std::size_t offset, const void* from, std::size_t bytes) {
    if (bytes > 0) std::memcpy(pinned_.bytes() + offset, from, bytes);
  };
  const StepScalars scalars = scalars_of(batch, options);
  put(plan.scalars, &scalars, sizeof scalars);
  put(plan.labels, batch.labels.data(), batch.labels.size_bytes());
  put(plan.class_weights, batch.class_weights.data(), batch.class_weights.size_bytes());
  put(plan.adjustments, batch.logit_adjustments.data(), batch.logit_adjustments.size_bytes());
  for (std::size_t i = 0; i < masks.size(); ++i) put(plan.masks[i], masks[i].data(), masks[i].size());
  const auto size = static_cast<std::size_t>(layout_.architecture.image_size);
  const std::size_t bytes = size * size * 3;
  for (std::size_t i = 0; i < batch.pictures.size(); ++i) {
    put(plan.pixels + i * bytes, batch.pictures[i], bytes);
  }
  context_->copy_to_device(arena_.address(), pinned_.bytes(), plan.upload_bytes());
}

StepResult CudaBackend::step(const Batch& batch, const DropoutMasks& masks, const StepOptions& options) {
  if (std::ranges::find(batch.pictures, nullptr) != batch.pictures.end()) throw Error("a picture is missing");
  context_->enter();
  prepare_training();
  Step& step = step_for(static_cast<std::int64_t>(batch.pictures.size()));
  if (!options.forward_only) record(step);
  upload(step, batch, masks, options);
  if (options.forward_only) {
    step.plan.forward(*context_, arena_.address(), network_);
    step.plan.loss(*context_, arena_.address());
  } else {
    context_->launch_graph(step.graph);
  }
  StepOutcome outcome{};
  std::uint8_t* landing = pinned_.bytes() + step.plan.upload_bytes();
  context_->copy_to_host(landing, arena_.address() + step.plan.outcome, sizeof outcome);
  context_->synchronize();
  std::memcpy(&outcome, landing, sizeof outcome);
  last_step_ = &step;
  ++batches_tracked_;
  StepResult result{static_cast<float>(outcome.loss), outcome.correct};
  if (options.forward_only || !std::isfinite(result.loss)) return result;
  result.gradient_norm = outcome.norm;
  if (outcome.applied != 0) ++optimizer_steps_;
  return result;
}

void CudaBackend::evaluate(std::span<const std::uint8_t* const> pictures, std::span<float> logits,
                           std::span<float> features) {
  context_->enter();
  const auto n = static_cast<std::int64_t>(pictures.size());
  const BatchPlan plan(layout_, n, arithmetic_of(evaluation_), false);
  grow_arena(plan.bytes(), n, "evaluate");
  last_step_ = nullptr;  // its logits lie in the arena that is used now
  const auto size = static_cast<std::size_t>(layout_.architecture.image_size);
  const std::size_t bytes = size * size * 3;
  if (pinned_.size() < pictures.size() * bytes) {
    pinned_ = PinnedMemory();
    pinned_ = PinnedMemory(context_, pictures.size() * bytes);
  }
  for (std::size_t i = 0; i < pictures.size(); ++i)
    std::memcpy(pinned_.bytes() + i * bytes, pictures[i], bytes);
  context_->copy_to_device(arena_.address() + plan.pixels, pinned_.bytes(), pictures.size() * bytes);
  plan.evaluate(*context_, arena_.address(), network_, !features.empty());
  context_->copy_to_host(logits.data(), arena_.address() + plan.logits, logits.size_bytes());
  std::vector<float> maps(features.size());
  if (!maps.empty()) {
    context_->copy_to_host(maps.data(), arena_.address() + plan.features, maps.size() * sizeof(float));
  }
  context_->synchronize();
  // From [pixel, channel] to [channel, pixel].
  const auto channels = static_cast<std::size_t>(layout_.convolutions.back().out_channels);
  const std::size_t pixels = maps.size() / std::max<std::size_t>(1, pictures.size() * channels);
  for (std::size_t i = 0; i < maps.size(); ++i) {
    const std::size_t picture = i / (pixels * channels), pixel = i / channels % pixels,
                      channel = i % channels;
    features[(picture * channels + channel) * pixels + pixel] = maps[i];
  }
}

StateDict CudaBackend::gradients() const {
  return like_parameters(network_.gradients);
}

std::vector<float> CudaBackend::last_logits() const {
  if (last_step_ == nullptr)
    throw Error("there are no logits: the last thing that the engine did was no training step");
  return floats_at(reinterpret_cast<const float*>(arena_.address() + last_step_->plan.logits),
                   static_cast<std::size_t>(last_step_->n * layout_.architecture.classes));
}

void CudaBackend::synchronize() {
  context_->enter();
  context_->synchronize();
}

/// The GPU's memory is not the computer's, and taking it again would take time.
void CudaBackend::release_memory() {}

}  // namespace bart::cuda
