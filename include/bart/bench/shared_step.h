#pragma once

#include <cstdint>
#include <vector>

#include "bart/bench/network_speed.h"
#include "bart/platform/progress.h"

namespace bart {

/// A network between the computers of a shared training.
struct Link {
  double bits_per_second;  // of each computer, in each direction at once; 0: nothing takes time
  double latency_seconds;  // of each call
};

/// A training step of one of several processes.
struct SharedStep {
  int processes;
  Link link;
  TrainingSpeed speed;
  // What process 0 sends in a step, and in how many calls. It waits for the first kind at once, the second is
  // sent while the backward pass goes on.
  double waited_bytes, waited_calls, background_bytes, background_calls;
};

/// Measures what a step would take if `processes` computers like this one shared each batch: the work of
/// process 0 is done here, and its calls to the others return after the time that the link needs. The others
/// are taken to be as fast, and the work of sending itself to cost no time. processes = 1: one process that
/// makes its sums as a shared training does. Throws Error for a number of processes that cannot share a
/// batch.
std::vector<SharedStep> shared_steps(const NetworkBench& bench, const std::vector<int>& processes,
                                     const OnProgress& progress = {});

}  // namespace bart
