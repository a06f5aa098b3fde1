#include "bart/training/lr_range_test.h"

#include <algorithm>
#include <cmath>

#include "bart/dataset/batch_order.h"
#include "bart/engine/engine.h"
#include "bart/network/dropout.h"
#include "bart/platform/error.h"

namespace bart {

LrRangeTest lr_range_test(const LoadedPictures& pictures, std::span<const std::uint32_t> train,
                          const Architecture& architecture, const LrRangeOptions& options,
                          const std::function<void(int, int)>& progress) {
  if (train.empty() || options.steps < 2 || options.batch_size < 1 || !(options.from > 0) ||
      !(options.from < options.to)) {
    throw UsageError(
        "a learning rate range test needs pictures, at least 2 steps, and rates that grow from above 0");
  }
  Mt19937 generator(options.seed);
  Engine engine(architecture, {.threads = options.threads});
  engine.load(initial_state(architecture, generator));
  BatchOrder order(options.seed, static_cast<std::uint32_t>(train.size()));

  constexpr double decay = 0.98;
  const double factor = std::pow(options.to / options.from, 1.0 / (options.steps - 1));
  const std::size_t batch = std::min(train.size(), static_cast<std::size_t>(options.batch_size));
  LrRangeTest test;
  std::vector<std::uint32_t> visits;
  std::size_t done = 0;
  double mean = 0;
  double lowest = INFINITY;
  for (int step = 0; step < options.steps; ++step) {
    if (done + batch > visits.size()) {  // batches of one size, whose losses compare
      visits = order.next_epoch();
      done = 0;
    }
    std::vector<const std::uint8_t*> batch_pictures;
    std::vector<std::int32_t> labels;
    for (const std::uint32_t visit : std::span(visits).subspan(done, batch)) {
      batch_pictures.push_back(pictures.picture(train[visit]));
      labels.push_back(pictures.labels[train[visit]]);
    }
    done += batch;
    const DropoutMasks masks = draw_dropout_masks(architecture, static_cast<int>(batch), generator);
    const StepResult result = engine.forward_backward({batch_pictures, labels}, masks);
    const double learning_rate = options.from * std::pow(factor, step);
    engine.adam_step(learning_rate);

    mean = decay * mean + (1 - decay) * static_cast<double>(result.loss);
    const double smoothed = mean / (1 - std::pow(decay, step + 1));
    if (!std::isfinite(smoothed) || (step > 0 && smoothed > 4 * lowest)) break;
    test.steps.push_back({learning_rate, static_cast<double>(result.loss), smoothed});
    if (smoothed < lowest) {
      lowest = smoothed;
      test.lowest_at = learning_rate;
    }
    if (progress) progress(step + 1, options.steps);
  }
  test.suggestion = test.lowest_at / 10;
  return test;
}

}  // namespace bart
