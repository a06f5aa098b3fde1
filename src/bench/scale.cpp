#include "bart/bench/scale.h"

#include <algorithm>

namespace bart {

std::vector<ScaleStep> training_scale(const NetworkBench& from, const OnProgress& progress) {
  std::vector<ScaleStep> steps;
  const auto vary = [&](const char* varied, const std::vector<int>& values, auto set) {
    for (const int value : values) {
      steps.push_back({varied, from, {}});
      set(steps.back().bench, value);
    }
  };
  vary("batch size", {1, 2, 4, 8, 16, 32, 64, 128, 256},
       [](NetworkBench& bench, int value) { bench.batch_size = value; });
  vary("image size", {64, 96, 128, 160, 192, 224, 256},
       [](NetworkBench& bench, int value) { bench.architecture.image_size = value; });
  vary("classes", {2, 10, 42, 100, 1000, 5000},
       [](NetworkBench& bench, int value) { bench.architecture.classes = value; });
  std::vector<int> threads;
  for (int count = 1; count < from.engine.threads; count *= 2) threads.push_back(count);
  threads.push_back(from.engine.threads);
  vary("threads", threads, [](NetworkBench& bench, int value) { bench.engine.threads = value; });

  for (std::size_t i = 0; i < steps.size(); ++i) {
    steps[i].speed = training_speed(steps[i].bench);
    if (progress) progress(i + 1, steps.size());
  }
  return steps;
}

}  // namespace bart
