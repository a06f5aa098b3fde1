#include "check_arguments.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "bart/platform/error.h"

namespace bart {

void check_optimizer(double learning_rate, const Optimizer& optimizer) {
  const auto possible = [](double value) { return std::isfinite(value) && value >= 0; };
  if (!possible(learning_rate) || !possible(optimizer.weight_decay)) {
    throw Error(
        fmt::format("a learning rate of {} and a weight decay of {} are not possible: they must be at "
                    "least 0",
                    learning_rate, optimizer.weight_decay));
  }
  if (optimizer.kind == OptimizerKind::adam && !(optimizer.beta2 >= 0 && optimizer.beta2 < 1))
    throw Error(
        fmt::format("a beta 2 of {} is not possible: it must be at least 0 and below 1", optimizer.beta2));
}

void check_clip_norm(double max_norm) {
  if (!(max_norm >= 0))
    throw Error(fmt::format("gradients cannot be clipped to a norm of {}: it must be at least 0", max_norm));
}

void check_pictures(std::span<const std::uint8_t* const> pictures) {
  if (std::ranges::find(pictures, nullptr) != pictures.end()) throw Error("a picture is missing");
}

namespace {

void check_changes(const Architecture& architecture, const Batch& batch) {
  if (batch.changes.empty()) return;
  const auto fits = [side = architecture.image_size](const PictureChange& change) {
    return change.left >= 0 && change.right <= side && change.top >= 0 && change.bottom <= side;
  };
  if (batch.changes.size() != batch.pictures.size() || batch.changed_side < 1 ||
      batch.changed_side > largest_changed_side || !std::ranges::all_of(batch.changes, fits)) {
    throw Error("the changes of a training batch do not fit its pictures");
  }
}

}  // namespace

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
  if (!batch.logit_adjustments.empty() &&
      batch.logit_adjustments.size() != static_cast<std::size_t>(architecture.classes)) {
    throw Error(fmt::format("a training batch has {} logit adjustments for {} classes",
                            batch.logit_adjustments.size(), architecture.classes));
  }
  if (!std::ranges::all_of(batch.class_weights, [](float w) { return std::isfinite(w) && w >= 0; }) ||
      !std::ranges::all_of(batch.logit_adjustments, [](float a) { return std::isfinite(a); })) {
    throw Error("class weights must be finite and at least 0, and logit adjustments finite");
  }
  if (!(batch.label_smoothing >= 0 && batch.label_smoothing < 1)) {
    throw Error(fmt::format("a label smoothing of {} is not possible: it must be at least 0 and below 1",
                            batch.label_smoothing));
  }
  const std::size_t blocks = architecture.blocks.size();
  bool fit = masks.size() == blocks + architecture.hidden.size();
  for (std::size_t i = 0; fit && i < masks.size(); ++i) {
    const int width = i < blocks ? architecture.blocks[i].channels : architecture.hidden[i - blocks].features;
    fit = masks[i].size() == batch.pictures.size() * static_cast<std::size_t>(width);
  }
  if (!fit) throw Error("the dropout masks of a training batch do not fit the network and the batch");
  check_changes(architecture, batch);
}

void check_for_processor(const Batch& batch, const StepOptions& options) {
  if (!batch.changes.empty() || options.average_weight != 0)
    throw Error("only a device with memory of its own changes pictures and averages models in a step");
}

void check_evaluation(const Architecture& architecture, std::size_t pictures, std::size_t logits,
                      std::size_t features) {
  const auto side = static_cast<std::size_t>(architecture.image_size) >> (architecture.blocks.size() - 1);
  const auto channels = static_cast<std::size_t>(architecture.blocks.back().channels);
  if (features != 0 && features != pictures * channels * side * side) {
    throw Error("evaluate needs room for the features of all pictures");
  }
  if (logits != pictures * static_cast<std::size_t>(architecture.classes)) {
    throw Error("evaluate needs room for [pictures, classes] logits");
  }
}

}  // namespace bart
