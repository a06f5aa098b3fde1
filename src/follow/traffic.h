#pragma once

#include <cstdint>
#include <string>

#include "bart/platform/group.h"
#include "bart/run/run.h"

namespace bart {

/// Counts what this process sends to the others of its group in the steps of a training: what a network has
/// to carry. The first step, which also sends what is needed once, does not count.
class Traffic {
 public:
  /// Adds itself to the observer's steps. Both must outlive it, and it must outlive the training.
  Traffic(const Group& group, RunObserver& observer);
  /// "Process 0 sent 12.34 MB per step".
  std::string text() const;

 private:
  int steps_ = 0;
  std::uint64_t before_ = 0, sent_ = 0;  // after the first step, and from then on
};

}  // namespace bart
