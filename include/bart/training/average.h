#pragma once

#include <cstdint>

#include "bart/network/state_dict.h"

namespace bart {

/// A moving average of a model over the steps of a training, its running statistics included.
struct ModelAverage {
  StateDict model;  // empty before the first update
  std::int64_t updates = 0;
};

/// The average is updated once in so many steps, each time as if in every one of them: reading all parameters
/// takes time.
inline constexpr std::int64_t steps_per_average = 16;

/// What the average keeps of itself at its `update`, from 1: decay^16, and less while there is little to
/// average, (1 + update) / (10 + update), as TensorFlow's ExponentialMovingAverage has it. `decay` is that of
/// one step.
double average_kept(double decay, std::int64_t update);

/// average = kept * average + (1 - kept) * model, counters taken over; the first update takes the model as it
/// is.
void update_average(ModelAverage& average, StateDict model, double decay);

}  // namespace bart
