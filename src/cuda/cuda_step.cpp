// The training steps of the backend.
#include "cuda_step.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <span>
#include <type_traits>

#include "bart/augment/picture_change.h"
#include "bart/platform/error.h"

namespace bart::cuda {
namespace {

// Those of torch.optim that BART never changes.
constexpr double beta1 = 0.9, momentum = 0.9, eps = 1e-8;

// Changes are copied as they are.
static_assert(sizeof(Change) == sizeof(PictureChange) && std::is_trivially_copyable_v<PictureChange>);
static_assert(offsetof(Change, colours) == offsetof(PictureChange, colours) &&
              offsetof(Change, offset) == offsetof(PictureChange, offset) &&
              offsetof(Change, left) == offsetof(PictureChange, left) &&
              offsetof(Change, paint) == offsetof(PictureChange, paint));

}  // namespace

/// What only a training needs: three times the memory of the parameters, and what its steps give back.
void CudaBackend::prepare_training() {
  if (training_memory_.size() > 0) return;
  const std::size_t arrays = 3 * layout_.parameters * sizeof(float);
  const std::size_t outcomes = most_outcomes * sizeof(StepOutcome);
  landing_ = PinnedMemory(context_, outcomes);
  training_memory_ = take(arrays + outcomes + sizeof(std::int32_t), "for gradients and the optimizer");
  network_.gradients = training_memory_.at<float>(0);
  network_.exp_avg = network_.gradients + layout_.parameters;
  network_.exp_avg_sq = network_.exp_avg + layout_.parameters;
  network_.outcomes = training_memory_.at<StepOutcome>(arrays);
  network_.diverged = training_memory_.at<std::int32_t>(arrays + outcomes);
  context_->clear(training_memory_.address(), training_memory_.size());
}

void CudaBackend::prepare_average() {
  if (network_.average != nullptr) return;
  average_memory_ = take(network_memory_.size(), "for the average of the model");
  context_->clear(average_memory_.address(), average_memory_.size());
  forget_graphs();  // they do not average
  network_.average = average_memory_.at<float>(0);
}

CudaBackend::Step& CudaBackend::step_for(std::int64_t n) {
  std::unique_ptr<Step>& step = steps_[n];
  if (step == nullptr) {
    step.reset(new Step{*context_, BatchPlan(layout_, n, arithmetic_of(training_), true), n});
  }
  grow_arena(step->plan.bytes(), n, "train on");
  return *step;
}

void CudaBackend::record(Step& step) {
  if (step.graph != nullptr) return;
  context_->begin_capture();
  try {
    step.plan.forward(*context_, arena_.address(), network_);
    step.plan.loss(*context_, arena_.address(), network_);
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
          .sgd_step = static_cast<float>(-rate),
          .average_weight = options.average_weight,
          .outcome = static_cast<std::int32_t>(started_.size()),
          .changed_side = batch.changes.empty() ? 0 : batch.changed_side};
}

/// The batch, laid out as at the beginning of the arena, and then on its way there.
void CudaBackend::upload(const Step& step, const Batch& batch, const DropoutMasks& masks,
                         const StepOptions& options) {
  constexpr std::size_t budget = std::size_t{64} << 20;  // of memory from which several steps are copied
  const BatchPlan& plan = step.plan;
  const int side = batch.changes.empty() ? layout_.architecture.image_size : batch.changed_side;
  const std::size_t bytes = picture_bytes(side);
  const std::size_t streamed = room_to_stream(batch.pictures, bytes);
  const std::size_t most = plan.upload_bytes(true) + streamed;
  std::uint8_t* from = pinned(most, std::clamp<std::size_t>(budget / most, 1, most_outcomes));
  const auto put = [&](std::size_t offset, const void* values, std::size_t size) {
    if (size > 0) std::memcpy(from + offset, values, size);
  };
  const StepScalars scalars = scalars_of(batch, options);  // after pinned(), which may read outcomes
  put(plan.scalars, &scalars, sizeof scalars);
  put(plan.labels, batch.labels.data(), batch.labels.size_bytes());
  put(plan.class_weights, batch.class_weights.data(), batch.class_weights.size_bytes());
  put(plan.adjustments, batch.logit_adjustments.data(), batch.logit_adjustments.size_bytes());
  for (std::size_t i = 0; i < masks.size(); ++i) put(plan.masks[i], masks[i].data(), masks[i].size());
  put(plan.changes, batch.changes.data(), batch.changes.size_bytes());
  const std::size_t laid_out = plan.upload_bytes(!batch.changes.empty());
  place_pictures(batch.pictures, bytes, from + plan.pictures, from + laid_out);
  context_->copy_to_device(arena_.address(), from, laid_out);
  if (streamed > 0) context_->copy_to_device(streamed_.address(), from + laid_out, streamed);
}

void CudaBackend::keep_pictures(std::span<const std::uint8_t* const> pictures, int side) {
  kept_.ask_for(pictures, picture_bytes(side));
}

void CudaBackend::start_step(const Batch& batch, const DropoutMasks& masks, const StepOptions& options) {
  if (std::ranges::find(batch.pictures, nullptr) != batch.pictures.end()) throw Error("a picture is missing");
  context_->enter();
  if (started_.size() == most_outcomes) read_outcomes();
  prepare_training();
  if (options.average_weight > 0) prepare_average();
  Step& step = step_for(static_cast<std::int64_t>(batch.pictures.size()));
  kept_.upload(context_, arena_.size());  // so that another network can evaluate batches of this size
  if (!options.forward_only) record(step);
  upload(step, batch, masks, options);
  if (options.forward_only) {
    step.plan.forward(*context_, arena_.address(), network_);
    step.plan.loss(*context_, arena_.address(), network_);
  } else {
    context_->launch_graph(step.graph);
    ++optimizer_steps_;
    if (options.average_weight > 0) averaged_batches_ = batches_tracked_ + 1;
  }
  started_.push_back(options);
  last_step_ = &step;
  ++batches_tracked_;
}

/// Waits for the steps that are started.
void CudaBackend::read_outcomes() {
  pinned_used_ = 0;
  if (started_.empty()) return;
  context_->copy_to_host(landing_.bytes(), reinterpret_cast<DeviceMemory>(network_.outcomes),
                         started_.size() * sizeof(StepOutcome));
  context_->synchronize();
  bool diverged = false;
  for (std::size_t i = 0; i < started_.size(); ++i) {
    StepOutcome outcome;
    std::memcpy(&outcome, landing_.bytes() + i * sizeof outcome, sizeof outcome);
    results_.push_back({static_cast<float>(outcome.loss), outcome.correct});
    StepResult& result = results_.back();
    if (started_[i].forward_only) continue;
    if (std::isfinite(result.loss)) result.gradient_norm = outcome.norm;
    if (outcome.applied != 0) continue;
    diverged = true;
    --optimizer_steps_;
  }
  started_.clear();
  if (diverged) context_->clear(reinterpret_cast<DeviceMemory>(network_.diverged), sizeof(std::int32_t));
}

std::vector<StepResult> CudaBackend::finish_steps() {
  context_->enter();
  read_outcomes();
  return std::exchange(results_, {});
}

StepResult CudaBackend::step(const Batch& batch, const DropoutMasks& masks, const StepOptions& options) {
  start_step(batch, masks, options);
  read_outcomes();
  const StepResult result = results_.back();
  results_.pop_back();
  return result;
}

}  // namespace bart::cuda
