#include "referee/referee_backend.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "bart/platform/error.h"

namespace bart::referee {
namespace {

/// The tensors of `state` from values of the same names; the others are left out.
StateDict filled(StateDict state, const Referee::Tensors& tensors) {
  std::erase_if(state, [&](const Tensor& tensor) {
    return std::holds_alternative<std::vector<float>>(tensor.values) && !tensors.contains(tensor.name);
  });
  for (Tensor& tensor : state) {
    if (!tensors.contains(tensor.name)) continue;
    std::ranges::transform(tensors.at(tensor.name), tensor.floats().begin(),
                           [](double value) { return static_cast<float>(value); });
  }
  return state;
}

StateDict parameters_of(const Architecture& architecture, const Referee::Tensors& tensors) {
  StateDict state = filled(empty_state(architecture), tensors);
  std::erase_if(state, [](const Tensor& tensor) { return !is_parameter(tensor.name); });
  return state;
}

Referee::Tensors doubles_of(const StateDict& state) {
  Referee::Tensors tensors;
  for (const Tensor& tensor : state)
    tensors[tensor.name].assign(tensor.floats().begin(), tensor.floats().end());
  return tensors;
}

}  // namespace

void RefereeBackend::load(const StateDict& state) {
  referee_.emplace(architecture_, state);
  for (const Tensor& tensor : state) {
    if (const auto* counts = std::get_if<std::vector<std::int64_t>>(&tensor.values)) {
      batches_tracked_ = counts->front();
    }
  }
}

StateDict RefereeBackend::state() const {
  StateDict state = filled(empty_state(architecture_), referee_->tensors());
  for (Tensor& tensor : state) {
    if (auto* counts = std::get_if<std::vector<std::int64_t>>(&tensor.values)) *counts = {batches_tracked_};
  }
  return state;
}

StepResult RefereeBackend::step(const Batch& batch, const DropoutMasks& masks, const StepOptions& options) {
  if (!batch.class_weights.empty() || !batch.logit_adjustments.empty() || batch.label_smoothing > 0) {
    throw Error("the referee has the plain loss alone");
  }
  if (options.optimizer != Optimizer()) throw Error("the referee has Adam alone");
  const double loss =
      referee_->forward_backward(input_of(batch.pictures, architecture_.image_size), batch.labels, masks);
  ++batches_tracked_;
  StepResult result{static_cast<float>(loss), 0};
  const auto classes = static_cast<std::size_t>(architecture_.classes);
  for (std::size_t i = 0; i < batch.labels.size(); ++i) {
    const auto row = referee_->logits().begin() + static_cast<std::ptrdiff_t>(i * classes);
    result.correct += std::max_element(row, row + architecture_.classes) - row == batch.labels[i];
  }
  if (options.forward_only || !std::isfinite(result.loss)) return result;
  result.gradient_norm = referee_->clip_gradients(options.clip_norm);
  if (std::isfinite(result.gradient_norm)) referee_->adam_step(options.learning_rate);
  return result;
}

void RefereeBackend::evaluate(std::span<const std::uint8_t* const> pictures, std::span<float> logits,
                              std::span<float> features) {
  std::vector<double> maps;
  const std::vector<double> answer = referee_->evaluate(input_of(pictures, architecture_.image_size), &maps);
  const auto rounded = [](double value) { return static_cast<float>(value); };
  std::ranges::transform(answer, logits.begin(), rounded);
  if (!features.empty()) std::ranges::transform(maps, features.begin(), rounded);
}

AdamState RefereeBackend::adam_state() const {
  const Referee::Moments& moments = referee_->moments();
  return {moments.steps, parameters_of(architecture_, moments.first),
          parameters_of(architecture_, moments.second)};
}

void RefereeBackend::load_adam_state(const AdamState& adam) {
  referee_->set_moments(
      {static_cast<int>(adam.steps), doubles_of(adam.exp_avg), doubles_of(adam.exp_avg_sq)});
}

}  // namespace bart::referee
