// The steps of a Training. On a device they are started, and their results taken over when some are done.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <span>
#include <utility>

#include "bart/augment/picture_change.h"
#include "bart/network/dropout.h"
#include "bart/platform/threads.h"
#include "bart/platform/timing.h"
#include "bart/training/train.h"
#include "training_step.h"

namespace bart {
namespace {

/// The pictures of a batch of n that this process computes.
struct OwnRange {
  std::size_t first, count;
};
OwnRange own_range(std::size_t n, const TrainOptions& options) {
  const OwnPictures own = own_pictures(static_cast<std::int64_t>(n), options.slices, options.group);
  return {static_cast<std::size_t>(own.first), static_cast<std::size_t>(own.end - own.first)};
}

bool is_finite(const StepResult& result) {
  return std::isfinite(result.loss) && std::isfinite(result.gradient_norm);
}

DivergedError diverged(const StepResult& result, const StepRecord& step) {
  return DivergedError(fmt::format(
      "the {} is not finite at step {} (epoch {}, learning rate {}): train with a smaller learning rate",
      std::isfinite(result.loss) ? "gradient" : "loss", step.step, step.epoch, step.learning_rate));
}

}  // namespace

/// The pictures that a batch is made of, and the index in them of the training picture split_.train[visit].
struct Training::PixelSource {
  const LoadedPictures& pictures;
  std::span<const std::uint32_t> train;  // empty: the pictures are in the order of split_.train

  std::uint32_t index(std::uint32_t visit) const { return train.empty() ? visit : train[visit]; }
};

Training::PixelSource Training::pixel_source(const Augmentation& augmentation) const {
  if (augmentation.changes() && options_.larger_pictures != nullptr) return {*options_.larger_pictures, {}};
  return {pictures_, split_.train};
}

/// Hands over the average, and names the pictures that steps and validations are made of.
void Training::prepare(DeviceTraining& device) {
  device.load_average(std::exchange(average_.model, {}));
  const PixelSource source = pixel_source(options_.augmentation);
  std::vector<const std::uint8_t*> pictures;
  for (std::uint32_t visit = 0; visit < split_.train.size(); ++visit)
    pictures.push_back(source.pictures.picture(source.index(visit)));
  device.keep_pictures(pictures, source.pictures.image_size);
  pictures.clear();
  for (const std::uint32_t i : split_.validated()) pictures.push_back(pictures_.picture(i));
  device.keep_pictures(pictures, pictures_.image_size);
}

/// Makes augmented_ of the training pictures `visits`.
void Training::augment(std::span<const std::uint32_t> visits, const Augmentation& augmentation, int epoch) {
  const PixelSource source = pixel_source(augmentation);
  std::vector<std::uint32_t> sources, names;
  for (const std::uint32_t visit : visits) {
    sources.push_back(source.index(visit));
    names.push_back(split_.train[visit]);
  }
  augmented_.make(source.pictures, sources, names, augmentation, options_.seed, epoch, pictures_.image_size,
                  options_.threads > 0 ? options_.threads : available_threads());
}

/// A picture, which is fetched if it lies on a disk and is read from there.
const std::uint8_t* Training::picture(const LoadedPictures& pictures, std::uint32_t i) const {
  const DeviceTraining* device = engine_.device_training();
  const std::uint8_t* pixels = pictures.picture(i);
  if (device == nullptr || !device->keeps(pixels)) pictures.will_need(i);
  return pixels;
}

/// Pointers to the pictures of a batch; nullptr for those of other processes.
std::vector<const std::uint8_t*> Training::own_pixels(std::span<const std::uint32_t> batch) const {
  const OwnRange own = own_range(batch.size(), options_);
  std::vector<const std::uint8_t*> pixels(batch.size());
  for (std::size_t k = own.first; k < own.first + own.count; ++k) pixels[k] = picture(pictures_, batch[k]);
  return pixels;
}

/// By how much the average moves after the step that is to be started.
float Training::next_average_weight() {
  if (!(options_.average_decay > 0) || (steps() + 1) % steps_per_average != 0) return 0;
  ++average_.updates;
  const bool first = !std::exchange(averages_, true);
  return first ? 1 : average_weight(options_.average_decay, average_.updates);
}

const StepRecord& Training::step_at(double learning_rate) {
  const std::size_t batch = std::min(visits_.size(), static_cast<std::size_t>(options_.batch_size));
  if (progress_.done + batch > visits_.size()) next_epoch();
  start_step(learning_rate);
  finish_steps({});
  return progress_.steps.back();
}

void Training::start_step(double learning_rate) {
  const auto start = std::chrono::steady_clock::now();
  DeviceTraining* const device = engine_.device_training();
  const std::size_t n =
      std::min(visits_.size() - progress_.done, static_cast<std::size_t>(options_.batch_size));
  const std::span visits = std::span(visits_).subspan(progress_.done, n);
  std::vector<std::uint32_t> batch;
  for (const std::uint32_t visit : visits) batch.push_back(split_.train[visit]);
  const bool mild = progress_.epoch > options_.epochs - options_.mild_epochs;
  const Augmentation augmentation = mild ? mild_augmentation(options_.augmentation) : options_.augmentation;
  const PixelSource source = pixel_source(augmentation);
  // Pictures of the next batch are fetched from a disk while this batch is computed.
  const std::size_t next = progress_.done + n;
  const std::size_t next_end = std::min(visits_.size(), next + static_cast<std::size_t>(options_.batch_size));
  const OwnRange next_own = own_range(next_end - next, options_);
  for (std::size_t k = next + next_own.first; k < next + next_own.first + next_own.count; ++k)
    picture(source.pictures, source.index(visits_[k]));
  std::vector<const std::uint8_t*> pixels;
  std::vector<PictureChange> changes;
  if (augmentation.changes() && device != nullptr) {
    for (const std::uint32_t visit : visits) {
      pixels.push_back(picture(source.pictures, source.index(visit)));
      changes.push_back(draw_change(
          augmentation,
          AugmentationKey{options_.seed, static_cast<std::uint32_t>(progress_.epoch), split_.train[visit]},
          source.pictures.image_size, pictures_.image_size));
    }
  } else if (augmentation.changes()) {
    const OwnRange own = own_range(n, options_);
    augment(visits.subspan(own.first, own.count), augmentation, progress_.epoch);
    pixels.resize(n);
    std::ranges::copy(augmented_.pictures(), pixels.begin() + static_cast<std::ptrdiff_t>(own.first));
  } else {
    pixels = own_pixels(batch);
  }
  const DropoutMasks masks =
      draw_dropout_masks(engine_.architecture(), static_cast<int>(n), progress_.generator);
  const std::vector<std::int32_t> labels = labels_of(pictures_, batch);
  engine_.start_step({.pictures = pixels,
                      .labels = labels,
                      .class_weights = class_weights_,
                      .logit_adjustments = logit_adjustments_,
                      .label_smoothing = options_.label_smoothing,
                      .changes = changes,
                      .changed_side = source.pictures.image_size},
                     masks,
                     {.learning_rate = learning_rate,
                      .clip_norm = options_.clip_norm,
                      .optimizer = options_.optimizer,
                      .average_weight = device == nullptr ? 0 : next_average_weight()});
  if (!augmentation.changes()) {
    for (const std::uint32_t i : batch) pictures_.done_with(i);
  } else if (device != nullptr) {
    for (const std::uint32_t visit : visits) source.pictures.done_with(source.index(visit));
  }
  started_.push_back(
      {{.step = steps() + 1, .epoch = progress_.epoch, .loss = 0, .learning_rate = learning_rate},
       progress_.done,
       progress_.done + n});
  progress_.done += n;
  progress_.seconds += seconds_since(start);
}

/// Without a look at the results of those that are started.
bool Training::may_start_more_steps() const {
  return engine_.device_training() != nullptr && started_.size() < most_steps_at_once &&
         progress_.done < visits_.size() && !enough_steps();
}

/// Takes the results of the started steps over and tells of them. Returns false when an event stops the
/// training.
bool Training::finish_steps(const TrainEvents& events) {
  const auto start = std::chrono::steady_clock::now();
  const std::vector<StepResult> results = engine_.finish_steps();
  const std::vector<StartedStep> started = std::exchange(started_, {});
  for (std::size_t i = 0; i < started.size(); ++i) {
    StepRecord record = started[i].record;
    const StepResult& result = results[i];
    if (!is_finite(result)) {
      progress_.done = started[i].before;
      throw diverged(result, record);
    }
    settled_.clear();
    last_predictions_.reset();
    progress_.ended_early = false;
    record.loss = result.loss;
    record.gradient_norm = result.gradient_norm;
    progress_.loss_sum += result.loss;
    progress_.correct += static_cast<std::uint64_t>(result.correct);
    progress_.gradient_norm_sum += result.gradient_norm;
    progress_.steps.push_back(record);
  }
  if (engine_.device_training() == nullptr && options_.average_decay > 0 &&
      steps() % steps_per_average == 0) {
    update_average(average_, engine_.state(), options_.average_decay);
    averages_ = true;
  }
  progress_.seconds += seconds_since(start);
  const std::size_t first = progress_.steps.size() - started.size();
  bool goes_on = true;
  for (std::size_t i = 0; events.step && i < started.size(); ++i) {
    const StepRecord record = progress_.steps[first + i];
    if (!events.step(record, started[i].done, visits_.size())) goes_on = false;
  }
  return goes_on;
}

}  // namespace bart
