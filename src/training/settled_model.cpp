// What Training::settle() makes of a model that is to be used.
#include <algorithm>
#include <cmath>
#include <span>
#include <utility>

#include "bart/training/temperature.h"
#include "bart/training/train.h"
#include "training_step.h"

namespace bart {

/// All training pictures, as indices into split_.train, in an order of their own: split_.train may be sorted
/// by class.
std::vector<std::uint32_t> Training::settling_visits() const {
  return BatchOrder(options_.seed, static_cast<std::uint32_t>(split_.train.size())).next_epoch();
}

// Before this, the running statistics in the average are a mean over the statistics of other weights,
// measured on augmented pictures.
StateDict Training::average_with_statistics() {
  constexpr std::size_t most_batches = 100;
  constexpr double kept = 0.9;  // in nn.BatchNorm2d a batch replaces a tenth of the running statistics
  const StateDict last = engine_.state();
  ModelAverage average = this->average();
  const auto steps = static_cast<std::int64_t>(progress_.steps.size());
  if (const std::int64_t missing = steps % steps_per_average; missing > 0) {
    update_average(average, last, options_.average_decay, missing);
  }
  StateDict& model = average.model;
  const auto is_statistic = [](const Tensor& t) { return t.name.find(".running_") != std::string::npos; };
  for (Tensor& tensor : model) {
    if (is_statistic(tensor)) std::ranges::fill(tensor.floats(), 0.0f);
  }
  engine_.load(model);
  Mt19937 generator(options_.seed);
  const std::vector<std::uint32_t> visits = settling_visits();
  const std::size_t size = std::min(static_cast<std::size_t>(options_.batch_size), visits.size());
  const std::size_t batches = std::min(most_batches, (visits.size() + size - 1) / size);
  for (std::size_t b = 0; b < batches; ++b) {
    std::vector<std::uint32_t> batch;
    for (std::size_t k = b * size; k < (b + 1) * size; ++k) {
      batch.push_back(split_.train[visits[k % visits.size()]]);  // the last batch is as large as the others
    }
    training_step(engine_, {own_pixels(batch), labels_of(pictures_, batch)}, generator,
                  {.forward_only = true});
    for (const std::uint32_t i : batch) pictures_.done_with(i);
  }
  const StateDict after = engine_.state();
  engine_.load(last);
  // What began with 0 is a weighted mean of the batches times the sum of their weights (as the moments of
  // Adam, Kingma and Ba 2015, section 3).
  const double weights = 1 - std::pow(kept, static_cast<double>(batches));
  for (std::size_t t = 0; t < model.size(); ++t) {
    if (!is_statistic(model[t])) continue;
    std::ranges::transform(after[t].floats(), model[t].floats().begin(), [&](float value) {
      return static_cast<float>(static_cast<double>(value) / weights);
    });
  }
  return std::move(model);
}

// Training pictures with random changes that the network has not seen: it is right about as often for them as
// for other pictures.
Predictions Training::predictions_of_augmented() {
  constexpr std::size_t most_pictures = 3200;
  const std::size_t count = std::min(most_pictures, split_.train.size());
  const auto batch_size = static_cast<std::size_t>(options_.batch_size);
  std::vector<std::uint32_t> visits = settling_visits();
  visits.resize(count);
  std::vector<std::int32_t> labels;
  for (const std::uint32_t visit : visits) labels.push_back(pictures_.labels[split_.train[visit]]);
  const PictureSource augmented{.size = count, .picture = [&](std::size_t i) {
                                  if (i % batch_size == 0) {
                                    const std::size_t size = std::min(batch_size, count - i);
                                    augment(std::span(visits).subspan(i, size), options_.augmentation,
                                            options_.epochs + 1);
                                  }
                                  return augmented_.pictures()[i % batch_size];
                                }};
  return predictions_of(batch_network(engine_), augmented, std::move(labels), batch_size);
}

void Training::settle() {
  if (!settles() || !settled_.empty()) return;
  StateDict model = options_.average_decay > 0 ? average_with_statistics() : engine_.state();
  if (options_.calibrate) {
    try {
      scale_logits(model,
                   fitting_factor(predictions_with(model, [&] { return predictions_of_augmented(); })));
    } catch (const NotFiniteError&) {
      throw outputs_not_finite();
    }
  }
  settled_ = std::move(model);
  last_predictions_.reset();
}

}  // namespace bart
