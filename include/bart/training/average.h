#pragma once

#include <cstdint>

#include "bart/network/state_dict.h"

namespace bart {

/// A moving average of a model over the steps of a training, including its running statistics.
struct ModelAverage {
  StateDict model;  // empty before the first update
  std::int64_t updates = 0;
};

/// The average is updated once in this many steps, because reading all parameters takes time. An update
/// counts for all these steps.
inline constexpr std::int64_t steps_per_average = 16;

/// The share of itself that the average keeps in its update number `update`, from 1: decay^16, but at the
/// beginning the smaller (1 + update) / (10 + update), as in TensorFlow's ExponentialMovingAverage. `decay`
/// is the share for one step.
double average_kept(double decay, std::int64_t update);

/// By which share of the way to the model update_average() moves the average in its update number `update`,
/// from 1.
float average_weight(double decay, std::int64_t update, std::int64_t steps = steps_per_average);

/// average = kept * average + (1 - kept) * model; counters are copied. The first update copies the model. An
/// update that counts for fewer than steps_per_average `steps` keeps average_kept()^(steps / 16).
void update_average(ModelAverage& average, StateDict model, double decay,
                    std::int64_t steps = steps_per_average);

}  // namespace bart
