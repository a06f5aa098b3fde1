#include "bart/training/train.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <span>
#include <utility>

#include "bart/random/torch.h"
#include "bart/training/predictions.h"
#include "training_step.h"

namespace bart {
namespace {

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
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
  if (split.train.empty()) throw Error("a split without pictures to train on cannot be trained on");
  if (options.batch_size < 1 || options.epochs < 0 || !(options.learning_rate > 0)) {
    throw Error("batch size and learning rate must be above 0, epochs at least 0");
  }
  check_labels(pictures);
  for (const auto* side : {&split.train, &split.validation, &split.test}) {
    for (const std::uint32_t i : *side) {
      if (i < pictures.size()) continue;
      throw Error(fmt::format("the split names picture {}, but there are {}", i, pictures.size()));
    }
  }
  const std::uint64_t n = split.train.size();
  if (progress.order.size() != n || progress.epoch < 1 || progress.done > n ||
      (progress.done < n && progress.done % static_cast<std::uint64_t>(options.batch_size) != 0)) {
    throw Error("the state to go on from is that of a training on other pictures or in other batches");
  }
}

/// Thrown out of a validation that an event stops.
struct Abandoned {};

}  // namespace

TrainingState initial_training_state(const Architecture& architecture, std::uint32_t seed,
                                     std::size_t train_pictures) {
  TrainingState state{{Mt19937(seed), BatchOrder(seed, static_cast<std::uint32_t>(train_pictures))}, {}, {}};
  state.model = initial_state(architecture, state.progress.generator);
  return state;
}

Training::Training(const LoadedPictures& pictures, Split split, const Architecture& architecture,
                   const TrainOptions& options, TrainingState from)
    : Training(pictures, std::move(split),
               Engine(architecture,
                      {.threads = options.threads, .precision = options.precision, .exact = options.exact}),
               options, std::move(from)) {}

Training::Training(const LoadedPictures& pictures, Split split, Engine engine, const TrainOptions& options,
                   TrainingState from)
    : pictures_(pictures),
      split_(std::move(split)),
      options_(options),
      engine_(std::move(engine)),
      progress_(std::move(from.progress)),
      next_order_(progress_.order) {
  check(pictures, split_, engine_.architecture(), options, progress_);
  if (options.balanced_classes) class_weights_ = balanced_weights(pictures, split_.train);
  engine_.load(from.model);
  if (from.adam.steps > 0) engine_.load_adam_state(from.adam);
  begin_epoch();
}

void Training::begin_epoch() {
  next_order_ = progress_.order;
  visits_ = next_order_.next_epoch();
}

bool Training::enough_steps() const {
  return options_.max_steps && static_cast<std::int64_t>(progress_.steps.size()) >= *options_.max_steps;
}

void Training::run(const TrainEvents& events) {
  while (!finished() && !enough_steps()) {
    if (progress_.done < visits_.size()) {
      step();
      if (events.step && !events.step(progress_.steps.back(), progress_.done, visits_.size())) return;
    } else {
      if (!validate(events)) return;
      if (events.epoch && !events.epoch(progress_.epochs.back())) return;
    }
  }
}

void Training::step() {
  const auto start = std::chrono::steady_clock::now();
  const std::size_t n =
      std::min(visits_.size() - progress_.done, static_cast<std::size_t>(options_.batch_size));
  std::vector<std::uint32_t> batch;
  for (std::size_t k = progress_.done; k < progress_.done + n; ++k) batch.push_back(split_.train[visits_[k]]);
  // Of pictures on a disk, the next batch's come while this one computes.
  const std::size_t next = progress_.done + n;
  const std::size_t next_end = std::min(visits_.size(), next + static_cast<std::size_t>(options_.batch_size));
  for (std::size_t k = next; k < next_end; ++k) pictures_.will_need(split_.train[visits_[k]]);
  const double learning_rate = options_.learning_rate;
  const StepResult result = training_step(engine_, pictures_, batch, class_weights_, progress_.generator,
                                          {learning_rate, options_.clip_norm});
  const std::int64_t number = static_cast<std::int64_t>(progress_.steps.size()) + 1;
  if (!std::isfinite(result.loss) || !std::isfinite(result.gradient_norm)) {
    throw DivergedError(fmt::format(
        "the {} became {} at step {} (epoch {}, learning rate {}): train with a smaller learning rate",
        std::isfinite(result.loss) ? "gradient" : "loss",
        std::isfinite(result.loss) ? result.gradient_norm : static_cast<double>(result.loss), number,
        progress_.epoch, learning_rate));
  }
  for (const std::uint32_t i : batch) pictures_.done_with(i);

  progress_.loss_sum += result.loss;
  progress_.correct += static_cast<std::uint64_t>(result.correct);
  progress_.done += n;
  progress_.gradient_norm_sum += result.gradient_norm;
  progress_.steps.push_back({number, progress_.epoch, result.loss, learning_rate, result.gradient_norm});
  progress_.seconds += seconds_since(start);
}

StateDict Training::model() {
  engine_.release_memory();
  return engine_.state();
}

TrainingState Training::state() {
  engine_.release_memory();
  return {progress_, engine_.state(), engine_.adam_state()};
}

Evaluation Training::evaluate_on(std::span<const std::uint32_t> indices, const OnProgress& progress) {
  return evaluate(predictions_of(batch_network(engine_), pictures_, indices,
                                 static_cast<std::size_t>(options_.batch_size), progress));
}

DivergedError Training::outputs_not_finite() const {
  return DivergedError(
      fmt::format("the network's outputs are not finite after step {} (epoch {}, learning rate {}): train "
                  "with a smaller learning rate",
                  progress_.steps.size(), progress_.epoch,
                  progress_.steps.empty() ? options_.learning_rate : progress_.steps.back().learning_rate));
}

void Training::check_outputs() {
  const std::vector<std::uint32_t>& pictures = !split_.validation.empty() ? split_.validation
                                               : !split_.test.empty()     ? split_.test
                                                                          : split_.train;
  const auto some =
      std::span(pictures).first(std::min(pictures.size(), static_cast<std::size_t>(options_.batch_size)));
  try {
    evaluate_on(some);
  } catch (const NotFiniteError&) {
    throw outputs_not_finite();
  }
}

bool Training::validate(const TrainEvents& events) {
  const auto start = std::chrono::steady_clock::now();
  const std::vector<std::uint32_t>& pictures = split_.validation.empty() ? split_.test : split_.validation;
  const double none = std::nan("");
  double accuracy = none, macro_f1 = none, loss = none;
  if (pictures.empty()) {
    check_outputs();
  } else {
    try {
      const Evaluation validation = evaluate_on(pictures, [&](std::size_t done, std::size_t total) {
        if (events.validation && !events.validation(done, total)) throw Abandoned();
      });
      accuracy = 100.0 * static_cast<double>(validation.report.right) / static_cast<double>(pictures.size());
      macro_f1 = validation.report.macro.f1;
      loss = validation.loss;
    } catch (const Abandoned&) {
      return false;
    } catch (const NotFiniteError&) {
      throw outputs_not_finite();
    }
  }
  // PyTorch's validation loader drew its base seed from the global generator, which moves the masks that
  // follow. Validation itself draws nothing, so the draw can wait until it is done.
  torch_random64(progress_.generator);
  const auto batch_size = static_cast<std::uint64_t>(options_.batch_size);
  const std::uint64_t batches = (progress_.done + batch_size - 1) / batch_size;
  progress_.epochs.push_back(
      {.epoch = progress_.epoch,
       .loss = progress_.loss_sum / static_cast<double>(batches),
       .train_accuracy = 100.0 * static_cast<double>(progress_.correct) / static_cast<double>(progress_.done),
       .validation_accuracy = accuracy,
       .validation_macro_f1 = macro_f1,
       .validation_loss = loss,
       .train_seconds = progress_.seconds,
       .validation_seconds = seconds_since(start),
       .learning_rate = progress_.steps.back().learning_rate,
       .images_per_second =
           progress_.seconds > 0 ? static_cast<double>(progress_.done) / progress_.seconds : 0,
       .gradient_norm = progress_.gradient_norm_sum / static_cast<double>(batches)});
  ++progress_.epoch;
  progress_.done = 0;
  progress_.loss_sum = 0;
  progress_.correct = 0;
  progress_.seconds = 0;
  progress_.gradient_norm_sum = 0;
  progress_.order = next_order_;
  begin_epoch();
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
