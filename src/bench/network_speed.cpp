#include "bart/bench/network_speed.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "bart/dataset/split.h"
#include "bart/engine/processor.h"
#include "bart/network/dropout.h"
#include "bart/platform/peak_memory.h"
#include "bart/platform/timing.h"
#include "bart/training/train.h"
#include "noise.h"

namespace bart {
namespace {

/// What executes a network, with initial weights, and a batch for it.
template <class Executor>
struct NoiseBatch {
  explicit NoiseBatch(const NetworkBench& bench)
      : noise(noise_pictures(bench.architecture, static_cast<std::size_t>(bench.batch_size))),
        executor(bench.architecture, bench.engine) {
    for (std::size_t i = 0; i < noise.size(); ++i) pictures.push_back(noise.picture(i));
    executor.load(initial_state(bench.architecture, generator));
  }

  Mt19937 generator{10};
  LoadedPictures noise;
  std::vector<const std::uint8_t*> pictures;
  Executor executor;
};

}  // namespace

TrainingSpeed training_speed(const NetworkBench& bench, const OnProgress& progress) {
  // A device does several steps before it tells of them; these are one round.
  Engine engine(bench.architecture, bench.engine);
  const std::size_t at_once = engine.device_training() == nullptr ? 1 : most_steps_at_once;
  // All rounds lie in one epoch, so that no validation comes between two steps.
  const int rounds = warm_up_rounds + bench.rounds;
  const auto n = static_cast<std::size_t>(rounds) * static_cast<std::size_t>(bench.batch_size);
  const LoadedPictures pictures = noise_pictures(bench.architecture, n + 1);
  Split split;
  for (std::size_t i = 0; i < at_once * n; ++i) split.train.push_back(static_cast<std::uint32_t>(i % n));
  split.test = {static_cast<std::uint32_t>(n)};
  const TrainOptions options{.epochs = 1,
                             .batch_size = bench.batch_size,
                             .max_steps = static_cast<std::int64_t>(at_once) * rounds,
                             .threads = bench.engine.threads,
                             .precision = bench.engine.precision,
                             .exact = bench.engine.exact,
                             .slices = bench.engine.slices,
                             .group = bench.engine.group,
                             .device = bench.engine.device};

  forget_peak_memory();
  std::vector<double> seconds;
  Training training(pictures, split, std::move(engine), options,
                    initial_training_state(bench.architecture, options.seed, split.train.size()));
  auto last = std::chrono::steady_clock::now();
  training.run({.step =
                    [&](const StepRecord& step, std::size_t, std::size_t) {
                      const auto steps = static_cast<std::size_t>(step.step);
                      if (steps % at_once != 0) return true;
                      const std::size_t round = steps / at_once;
                      if (round > warm_up_rounds)
                        seconds.push_back(seconds_since(last) / static_cast<double>(at_once));
                      if (progress) progress(round, static_cast<std::size_t>(rounds));
                      last = std::chrono::steady_clock::now();
                      return true;
                    },
                .validation = {},
                .epoch = {}});
  const double median = median_of(seconds);
  return {median, bench.batch_size / median, peak_memory_bytes()};
}

InferenceSpeed inference_speed(const NetworkBench& bench, const OnProgress& progress) {
  NoiseBatch<Engine> batch(bench);
  std::vector<float> logits(batch.pictures.size() * static_cast<std::size_t>(bench.architecture.classes));
  std::vector<double> seconds;
  const int rounds = warm_up_rounds + bench.rounds;
  for (int round = 0; round < rounds; ++round) {
    const double round_seconds = seconds_of([&] { batch.executor.evaluate(batch.pictures, logits); });
    if (round >= warm_up_rounds) seconds.push_back(round_seconds);
    if (progress) progress(static_cast<std::size_t>(round + 1), static_cast<std::size_t>(rounds));
  }
  const double median = median_of(seconds);
  return {median, bench.batch_size / median};
}

std::vector<OperationTime> operation_times(const NetworkBench& bench, bool training) {
  NoiseBatch<ProcessorBackend> batch(bench);
  if (!training) {
    return time_operations(batch.executor.evaluation_operations(batch.pictures), bench.rounds);
  }
  const DropoutMasks masks = draw_dropout_masks(bench.architecture, bench.batch_size, batch.generator);
  const Batch labelled{batch.pictures, batch.noise.labels};
  return time_operations(batch.executor.step_operations(labelled, masks), bench.rounds);
}

}  // namespace bart
