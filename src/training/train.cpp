#include "bart/training/train.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <span>
#include <utility>

#include "bart/augment/augmentation.h"
#include "bart/dataset/check_pixels.h"
#include "bart/platform/timing.h"
#include "bart/random/torch.h"
#include "bart/training/predictions.h"
#include "training_step.h"

namespace bart {
namespace {

void check_larger(const LoadedPictures& larger, const LoadedPictures& pictures,
                  std::span<const std::uint32_t> train) {
  const auto is_larger = [&](const std::string& file, std::uint32_t i) { return file == pictures.files[i]; };
  if (!std::ranges::equal(larger.files, train, is_larger)) {
    throw Error("the larger pictures are not those that are trained on");
  }
}

void check(const LoadedPictures& pictures, const Split& split, const Architecture& architecture,
           const TrainOptions& options, const TrainingProgress& progress) {
  if (architecture.classes != static_cast<int>(pictures.classes.size())) {
    throw Error(fmt::format("the network has {} classes, the data set {}", architecture.classes,
                            pictures.classes.size()));
  }
  if (architecture.image_size != pictures.image_size) {
    throw Error(fmt::format("the network takes pictures of {0} x {0}, these are {1} x {1}",
                            architecture.image_size, pictures.image_size));
  }
  if (split.train.empty()) throw Error("the split has no pictures to train on");
  if (options.batch_size < 1 || options.epochs < 0 || !(options.learning_rate > 0)) {
    throw Error("batch size and learning rate must be above 0, epochs at least 0");
  }
  if (!(options.average_decay >= 0 && options.average_decay < 1)) {
    throw Error(fmt::format("an average cannot keep {} of itself: it must be at least 0 and below 1",
                            options.average_decay));
  }
  if (options.mild_epochs < 0 || !(options.warm_up_epochs >= 0) || !std::isfinite(options.warm_up_epochs) ||
      !(options.logit_adjustment >= 0) || !std::isfinite(options.logit_adjustment)) {
    throw Error("mild epochs, warm-up and logit adjustment must be at least 0");
  }
  if (options.max_steps.value_or(0) < 0)
    throw Error(fmt::format("a training cannot stop after {} steps", *options.max_steps));
  check_augmentation(options.augmentation);
  check_labels(pictures);
  check_pixels(pictures);
  for (const auto* side : {&split.train, &split.validation, &split.test}) {
    for (const std::uint32_t i : *side) {
      if (i < pictures.size()) continue;
      throw Error(fmt::format("the split names picture {}, but there are {}", i, pictures.size()));
    }
  }
  if (options.larger_pictures != nullptr) check_larger(*options.larger_pictures, pictures, split.train);
  for (const Mt19937* generator : {&progress.generator, &progress.order.generator()}) {
    const Mt19937::State& state = generator->state();
    if (state.position < 1 || state.position > state.words.size())
      throw Error("the state to go on from has a random generator with an impossible position");
  }
  const std::uint64_t n = split.train.size();
  if (progress.order.size() != n || progress.epoch < 1 || progress.done > n ||
      (progress.done < n && progress.done % static_cast<std::uint64_t>(options.batch_size) != 0)) {
    throw Error(
        "the state to continue from belongs to a training on other pictures or with another batch size");
  }
}

/// Thrown to leave a validation that an event stops.
struct Abandoned {};

}  // namespace

TrainingState initial_training_state(const Architecture& architecture, std::uint32_t seed,
                                     std::size_t train_pictures, InitialValues values) {
  TrainingState state{{Mt19937(seed), BatchOrder(seed, static_cast<std::uint32_t>(train_pictures))}, {}, {}};
  state.model = (values == InitialValues::he ? he_initial_state : initial_state)(architecture,
                                                                                 state.progress.generator);
  return state;
}

Training::Training(const LoadedPictures& pictures, Split split, const Architecture& architecture,
                   const TrainOptions& options, TrainingState from)
    : Training(pictures, std::move(split),
               Engine(architecture, {.threads = options.threads,
                                     .precision = options.precision,
                                     .exact = options.exact,
                                     .slices = options.slices,
                                     .group = options.group,
                                     .device = options.device}),
               options, std::move(from)) {}

Training::Training(const LoadedPictures& pictures, Split split, Engine engine, const TrainOptions& options,
                   TrainingState from)
    : pictures_(pictures),
      split_(std::move(split)),
      options_(options),
      engine_(std::move(engine)),
      average_(std::move(from.average)),
      averages_(!average_.model.empty()),
      progress_(std::move(from.progress)),
      next_order_(progress_.order) {
  check(pictures, split_, engine_.architecture(), options, progress_);
  if (steps_of_all_epochs() > 0) check_schedule(schedule(), steps_of_all_epochs());
  if (options.balanced_classes) class_weights_ = balanced_weights(pictures, split_.train);
  if (options.logit_adjustment > 0) {
    logit_adjustments_ = logit_adjustments(pictures, split_.train, options.logit_adjustment);
  }
  engine_.load(from.model);
  if (from.adam.steps > 0) engine_.load_adam_state(from.adam);
  if (DeviceTraining* device = engine_.device_training()) prepare(*device);
  begin_epoch();
}

void Training::begin_epoch() {
  next_order_ = progress_.order;
  visits_ = next_order_.next_epoch();
}

void Training::next_epoch() {
  ++progress_.epoch;
  progress_.done = 0;
  progress_.loss_sum = 0;
  progress_.correct = 0;
  progress_.seconds = 0;
  progress_.gradient_norm_sum = 0;
  progress_.order = next_order_;
  begin_epoch();
}

std::int64_t Training::steps_of_all_epochs() const {
  const auto pictures = static_cast<std::int64_t>(split_.train.size());
  return options_.epochs * ((pictures + options_.batch_size - 1) / options_.batch_size);
}

Schedule Training::schedule() const {
  const std::int64_t steps = steps_of_all_epochs();
  const double epoch = static_cast<double>(steps) / std::max(options_.epochs, 1);
  std::int64_t warm_up = std::llround(options_.warm_up_epochs * epoch);
  // A warm-up that is shorter than the training stays so when it is rounded to steps.
  if (options_.warm_up_epochs < options_.epochs) warm_up = std::clamp<std::int64_t>(warm_up, 0, steps - 1);
  return {.kind = options_.schedule, .peak = options_.learning_rate, .warm_up = warm_up};
}

/// Of the whole training, those that are started included.
std::int64_t Training::steps() const {
  return static_cast<std::int64_t>(progress_.steps.size() + started_.size());
}

bool Training::enough_steps() const {
  return options_.max_steps && steps() >= *options_.max_steps;
}

void Training::run(const TrainEvents& events) {
  while (!finished() && !enough_steps()) {
    if (progress_.done < visits_.size()) {
      start_step(bart::learning_rate(schedule(), steps() + 1, steps_of_all_epochs()));
      if (may_start_more_steps()) continue;
      if (!finish_steps(events)) return;
    } else {
      if (!end_epoch(events)) return;
      if (events.epoch && !events.epoch(progress_.epochs.back())) return;
    }
  }
  if (finished()) settle();
}

StateDict Training::model() {
  if (!settled_.empty()) return settled_;
  return averages() ? average().model : last_model();
}

ModelAverage Training::average() const {
  const DeviceTraining* device = engine_.device_training();
  return device == nullptr ? average_ : ModelAverage{device->average(), average_.updates};
}

StateDict Training::last_model() {
  engine_.release_memory();
  return engine_.state();
}

TrainingState Training::state() {
  engine_.release_memory();
  return {progress_, engine_.state(), engine_.adam_state(), average()};
}

/// The predictions of a model in the place of the last weights, which are back afterwards.
Predictions Training::predictions_with(const StateDict& model, const std::function<Predictions()>& predict) {
  const StateDict last = engine_.state();
  engine_.load(model);
  try {
    Predictions predictions = predict();
    engine_.load(last);
    return predictions;
  } catch (...) {
    engine_.load(last);
    throw;
  }
}

/// With a group all its processes share the work and get all predictions.
Predictions Training::predict(std::span<const std::uint32_t> indices, const OnProgress& progress,
                              Group* group) {
  const auto predict_with_engine = [&] {
    return predictions_of(batch_network(engine_), pictures_, indices,
                          static_cast<std::size_t>(options_.batch_size), progress, group);
  };
  if (!averages() && settled_.empty()) return predict_with_engine();
  return predictions_with(model(), predict_with_engine);
}

Evaluation Training::evaluate_on(std::span<const std::uint32_t> indices, const OnProgress& progress) {
  return evaluate(predict(indices, progress, nullptr));
}

DivergedError Training::outputs_not_finite() const {
  return DivergedError(
      fmt::format("the network's outputs are not finite after step {} (epoch {}, learning rate {}): train "
                  "with a smaller learning rate",
                  progress_.steps.size(), progress_.epoch,
                  progress_.steps.empty() ? options_.learning_rate : progress_.steps.back().learning_rate));
}

void Training::check_outputs() {
  const std::vector<std::uint32_t>& pictures = split_.validated().empty() ? split_.train : split_.validated();
  const auto some =
      std::span(pictures).first(std::min(pictures.size(), static_cast<std::size_t>(options_.batch_size)));
  try {
    evaluate_on(some);
  } catch (const NotFiniteError&) {
    throw outputs_not_finite();
  }
}

/// Stores the figures of a validation in `record`. Returns false when an event stops it.
bool Training::validate(EpochRecord& record, const TrainEvents& events) {
  const std::vector<std::uint32_t>& pictures = split_.validated();
  if (pictures.empty()) {
    check_outputs();
    record.validation_accuracy = record.validation_macro_f1 = record.validation_loss = std::nan("");
    return true;
  }
  try {
    last_predictions_ = predict(
        pictures,
        [&](std::size_t done, std::size_t total) {
          if (events.validation && !events.validation(done, total)) throw Abandoned();
        },
        options_.group);
    const Evaluation validation = evaluate(*last_predictions_);
    record.validation_accuracy =
        100.0 * static_cast<double>(validation.report.right) / static_cast<double>(pictures.size());
    record.validation_macro_f1 = validation.report.macro.f1;
    record.validation_loss = validation.loss;
    return true;
  } catch (const Abandoned&) {
    return false;
  } catch (const NotFiniteError&) {
    throw outputs_not_finite();
  }
}

/// Validates, keeps the figures of the epoch and turns to the next one. Returns false, with nothing changed,
/// when an event stops the validation.
bool Training::end_epoch(const TrainEvents& events) {
  const auto start = std::chrono::steady_clock::now();
  const auto batch_size = static_cast<std::uint64_t>(options_.batch_size);
  const std::uint64_t batches = (progress_.done + batch_size - 1) / batch_size;
  EpochRecord record = {
      .epoch = progress_.epoch,
      .loss = progress_.loss_sum / static_cast<double>(batches),
      .train_accuracy = 100.0 * static_cast<double>(progress_.correct) / static_cast<double>(progress_.done),
      .train_seconds = progress_.seconds,
      .learning_rate = progress_.steps.back().learning_rate,
      .images_per_second =
          progress_.seconds > 0 ? static_cast<double>(progress_.done) / progress_.seconds : 0,
      .gradient_norm = progress_.gradient_norm_sum / static_cast<double>(batches)};
  const bool last_planned = progress_.epoch == options_.epochs;
  if (last_planned || options_.settles_every_epoch) settle();
  if (!validate(record, events)) return false;
  const bool ends_early = !last_planned && events.last_epoch && events.last_epoch(record);
  if (ends_early && settles() && settled_.empty()) {
    settle();
    if (!validate(record, events)) {
      settled_.clear();
      return false;
    }
  }
  record.validation_seconds = seconds_since(start);

  // PyTorch's validation loader drew its base seed from the global generator, which moves the masks that
  // follow. Validation itself draws nothing, so the draw can wait until it is done.
  torch_random64(progress_.generator);
  progress_.epochs.push_back(record);
  progress_.ended_early = ends_early;
  next_epoch();
  return true;
}

int best_epoch(std::span<const EpochRecord> epochs, BestBy by) {
  const auto figure = [&](const EpochRecord& epoch) {
    return by == BestBy::accuracy ? epoch.validation_accuracy : epoch.validation_macro_f1;
  };
  const auto best = std::ranges::max_element(epochs, {}, figure);
  return best == epochs.end() || std::isnan(figure(*best)) ? 0 : best->epoch;
}

TrainResult train(const LoadedPictures& pictures, const Split& split, const Architecture& architecture,
                  const TrainOptions& options, const TrainEvents& events) {
  Training training(pictures, split, architecture, options,
                    initial_training_state(architecture, options.seed, split.train.size()));
  training.run(events);
  return {training.model(), training.progress().steps, training.progress().epochs, !training.finished()};
}

}  // namespace bart
