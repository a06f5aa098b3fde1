#pragma once

#include "bart/checkpoint/checkpoint.h"
#include "training/random_pictures.h"

namespace bart::test {

/// A checkpoint of a training in its second epoch, with small tensors.
inline Checkpoint small_checkpoint(std::int64_t steps = 5) {
  Mt19937 generator(3);
  for (int i = 0; i < 1000; ++i) generator.next();
  TrainingProgress progress{generator, BatchOrder(4, 12)};
  progress.epoch = 2;
  progress.done = 8;
  progress.loss_sum = 1.0 / 3;
  progress.correct = 5;
  progress.seconds = 0.1;
  progress.ended_early = true;
  for (std::int64_t i = 1; i <= steps; ++i)
    progress.steps.push_back({i, i <= 3 ? 1 : 2, 1.0f / static_cast<float>(i)});
  progress.epochs.push_back({1, 0.1, 50, 1.0 / 7, 0.25, 1e-300, 3, 4});
  const auto vector = [](const char* name, float value) {
    return StateDict{{name, {2}, std::vector<float>{value, -value}}};
  };
  StateDict model = vector("a.weight", 0.1f);
  model.push_back({"a.num_batches_tracked", {}, std::vector<std::int64_t>{5}});
  return {"1.2.3",
          {{"--lr", "0.001"}, {"folder", "/a b/100%/\xe4\xff"}},
          fingerprint_of(random_pictures(4, 2, 16), 1),
          {progress,
           model,
           {steps, vector("a.weight", 0.2f), vector("a.weight", 1e-30f)},
           {vector("a.weight", 0.3f), 7}}};
}

}  // namespace bart::test
