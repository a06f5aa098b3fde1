#pragma once

#include <cstdint>
#include <vector>

#include "bart/bench/operation_times.h"
#include "bart/engine/engine.h"
#include "bart/network/architecture.h"
#include "bart/platform/progress.h"

namespace bart {

/// What is measured, and how often. Pictures are noise and weights are the initial ones, both with a fixed
/// seed.
struct NetworkBench {
  Architecture architecture = {.classes = 42};
  EngineOptions engine = {};
  int batch_size = 32;
  int rounds = 10;  // after warm_up_rounds
};

inline constexpr int warm_up_rounds = 2;

struct TrainingSpeed {
  double step_seconds;  // the median of the rounds
  double images_per_second;
  std::uint64_t peak_memory_bytes;  // of the process during the measurement
};

/// Measures steps of a Training as bart train makes them: gathering the batch, drawing dropout masks,
/// forward, backward and Adam. `progress` counts rounds.
TrainingSpeed training_speed(const NetworkBench& bench, const OnProgress& progress = {});

struct InferenceSpeed {
  double batch_seconds;  // the median of the rounds
  double images_per_second;
};

/// Measures Engine::evaluate() on a batch; with a batch size of 1 this is the latency of a picture.
/// `progress` counts rounds.
InferenceSpeed inference_speed(const NetworkBench& bench, const OnProgress& progress = {});

/// Measures each operation of a training step or of Engine::evaluate().
std::vector<OperationTime> operation_times(const NetworkBench& bench, bool training);

}  // namespace bart
