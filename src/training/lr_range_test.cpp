#include "bart/training/lr_range_test.h"

#include <algorithm>
#include <cmath>

#include "bart/dataset/batch_order.h"
#include "bart/engine/engine.h"
#include "bart/platform/error.h"
#include "training_step.h"

namespace bart {

LrRangeTest lr_range_test(const LoadedPictures& pictures, std::span<const std::uint32_t> train,
                          const Architecture& architecture, const LrRangeOptions& options,
                          const OnProgress& progress) {
  const TrainOptions& training = options.training;
  if (train.empty() || options.steps < 2 || training.batch_size < 1 || !(options.from > 0) ||
      !(options.from < options.to)) {
    throw Error(
        "a learning rate range test needs pictures, at least 2 steps, and rates that grow from above 0");
  }
  Mt19937 generator(training.seed);
  check_labels(pictures);
  const std::vector<float> class_weights =
      training.balanced_classes ? balanced_weights(pictures, train) : std::vector<float>();
  Engine engine(architecture,
                {.threads = training.threads, .precision = training.precision, .exact = training.exact});
  engine.load(initial_state(architecture, generator));
  BatchOrder order(training.seed, static_cast<std::uint32_t>(train.size()));

  constexpr double decay = 0.98;
  const double factor = std::pow(options.to / options.from, 1.0 / (options.steps - 1));
  const std::size_t batch = std::min(train.size(), static_cast<std::size_t>(training.batch_size));
  LrRangeTest test;
  std::vector<std::uint32_t> visits;
  std::size_t done = 0;
  double mean = 0;
  double lowest = INFINITY;
  for (int step = 0; step < options.steps; ++step) {
    if (done + batch >
        visits.size()) {  // all batches have the same size, so that their losses can be compared
      visits = order.next_epoch();
      done = 0;
    }
    std::vector<std::uint32_t> indices;
    for (std::size_t k = done; k < done + batch; ++k) indices.push_back(train[visits[k]]);
    done += batch;
    const double learning_rate = options.from * std::pow(factor, step);
    const StepResult result =
        training_step(engine, {pictures_of(pictures, indices), labels_of(pictures, indices), class_weights},
                      generator, {learning_rate, training.clip_norm});

    mean = decay * mean + (1 - decay) * static_cast<double>(result.loss);
    const double smoothed = mean / (1 - std::pow(decay, step + 1));
    if (!std::isfinite(smoothed) || (step > 0 && smoothed > 4 * lowest)) break;
    test.steps.push_back({learning_rate, static_cast<double>(result.loss), smoothed});
    if (smoothed < lowest) {
      lowest = smoothed;
      test.lowest_at = learning_rate;
    }
    if (progress) progress(static_cast<std::size_t>(step) + 1, static_cast<std::size_t>(options.steps));
  }
  test.suggestion = test.lowest_at / 10;
  return test;
}

}  // namespace bart
