#pragma once

#include <string>
#include <vector>

#include "bart/bench/network_speed.h"

namespace bart {

/// A training step of a network or batch that differs in one thing.
struct ScaleStep {
  std::string varied;  // "batch size", "image size", "classes" or "threads"
  NetworkBench bench;
  TrainingSpeed speed;
};

/// Training steps around `from`: batches of 1 to 256, pictures of 64 to 256 pixels, 2 to 5,000 classes, 1 to
/// from.engine.threads threads.
std::vector<ScaleStep> training_scale(const NetworkBench& from, const BenchProgress& progress = {});

}  // namespace bart
