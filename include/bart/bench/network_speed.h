#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "bart/bench/operation_times.h"
#include "bart/engine/engine.h"
#include "bart/network/architecture.h"

namespace bart {

/// What is measured, and how often. Pictures are noise and weights the initial ones, both of one seed.
struct NetworkBench {
  Architecture architecture = {.classes = 42};
  EngineOptions engine = {};
  int batch_size = 32;
  int rounds = 10;  // after two that warm up
};

/// Rounds done, of all.
using BenchProgress = std::function<void(int done, int total)>;

struct TrainingSpeed {
  double step_seconds;  // the median of the rounds
  double images_per_second;
  std::uint64_t peak_memory_bytes;  // of the process meanwhile
};

/// Steps of a Training as bart train makes them: the batch gathered, dropout masks drawn, forward, backward,
/// Adam.
TrainingSpeed training_speed(const NetworkBench& bench, const BenchProgress& progress = {});

struct InferenceSpeed {
  double batch_seconds;  // the median of the rounds
  double images_per_second;
};

/// Engine::evaluate on a batch; with a batch of one, the latency of a single picture.
InferenceSpeed inference_speed(const NetworkBench& bench, const BenchProgress& progress = {});

/// Each operation of a training step, or of Engine::evaluate, timed by itself.
std::vector<OperationTime> operation_times(const NetworkBench& bench, bool training);

}  // namespace bart
