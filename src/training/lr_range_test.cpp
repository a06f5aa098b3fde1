#include "bart/training/lr_range_test.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "bart/platform/error.h"

namespace bart {
namespace {

/// Whether the smoothed loss rose after its minimum, by more than the losses up to there scatter: how low a
/// loss is that only scatters says nothing about its rate. The first half of the steps at least, because a
/// single loss does not scatter.
bool has_risen(const LrRangeTest& test, double lowest) {
  double squares = 0, count = 0;
  for (const LrRangeStep& step : test.steps) {
    squares += (step.loss - step.smoothed_loss) * (step.loss - step.smoothed_loss);
    ++count;
    if (step.learning_rate >= test.lowest_at && 2 * count >= static_cast<double>(test.steps.size())) break;
  }
  return test.steps.back().smoothed_loss - lowest > 2 * std::sqrt(squares / count);
}

LrFinding finding_of(const LrRangeTest& test, double lowest, int wanted_steps) {
  if (std::cmp_equal(test.steps.size(), wanted_steps) && !has_risen(test, lowest))
    return LrFinding::not_risen;
  constexpr double rounding = 1e-9;
  return test.suggestion < test.steps.front().learning_rate * (1 - rounding) ? LrFinding::no_fall
                                                                             : LrFinding::lowest;
}

}  // namespace

LrRangeTest lr_range_test(const LoadedPictures& pictures, std::span<const std::uint32_t> train,
                          const Architecture& architecture, const LrRangeOptions& options,
                          const OnProgress& progress) {
  const LrRange& range = options.range;
  if (range.steps < 2 || !(range.from > 0) || !(range.from < range.to)) {
    throw Error("a learning rate range test needs at least 2 steps, and rates that grow from above 0");
  }
  TrainOptions of_steps = options.training;
  of_steps.epochs = range.steps;  // at least as many as there will be
  of_steps.learning_rate = range.from;
  of_steps.schedule = ScheduleKind::constant;
  of_steps.warm_up_epochs = 0;
  of_steps.mild_epochs = 0;
  of_steps.average_decay = 0;
  of_steps.calibrate = false;
  TrainingState state =
      initial_training_state(architecture, of_steps.seed, train.size(), options.initial_values);
  if (!options.weights.empty()) state.model = options.weights;
  Training steps(pictures, {.train = {train.begin(), train.end()}, .test = {}}, architecture, of_steps,
                 std::move(state));

  constexpr double decay = 0.98;
  const double factor = std::pow(range.to / range.from, 1.0 / (range.steps - 1));
  LrRangeTest test;
  double mean = 0;
  double lowest = INFINITY;
  for (int step = 0; step < range.steps; ++step) {
    const double learning_rate = range.from * std::pow(factor, step);
    double loss = 0;
    try {
      loss = static_cast<double>(steps.step_at(learning_rate).loss);
    } catch (const DivergedError&) {
      break;
    }
    mean = decay * mean + (1 - decay) * loss;
    const double smoothed = mean / (1 - std::pow(decay, step + 1));
    if (!std::isfinite(smoothed) || (step > 0 && smoothed > 4 * lowest)) break;
    test.steps.push_back({learning_rate, loss, smoothed});
    if (smoothed < lowest) {
      lowest = smoothed;
      test.lowest_at = learning_rate;
    }
    if (progress) progress(static_cast<std::size_t>(step) + 1, static_cast<std::size_t>(range.steps));
  }
  test.suggestion = test.lowest_at / 10;
  if (!test.steps.empty()) test.finding = finding_of(test, lowest, range.steps);
  return test;
}

}  // namespace bart
