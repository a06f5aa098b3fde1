#pragma once

#include <string>
#include <vector>

#include "bart/bench/network_speed.h"

namespace bart {

/// The time of a training step in which one thing is varied.
struct ScaleStep {
  std::string varied;  // "batch size", "image size", "classes" or "threads"
  NetworkBench bench;
  TrainingSpeed speed;
};

/// Measures training steps that differ from `from` in one thing each: batches of 1 to 256, pictures of 64 to
/// 256 pixels, 2 to 5,000 classes, 1 to from.engine.threads threads.
std::vector<ScaleStep> training_scale(const NetworkBench& from, const OnProgress& progress = {});

}  // namespace bart
