#pragma once

#include <cstdint>

namespace bart {

/// The course of the learning rate over the optimizer steps of a training.
enum class ScheduleKind {
  constant,
  cosine,     // half a cosine wave from the peak down to 0
  one_cycle,  // torch.optim.lr_scheduler.OneCycleLR: from peak / 25 up in 30 % of the steps, down to peak /
              // 250,000
  step,       // divided by ten after each third of the steps
};

struct Schedule {
  ScheduleKind kind = ScheduleKind::constant;
  double peak = 0.001;
  std::int64_t warm_up = 0;  // steps in which the rate rises linearly to the peak; must be 0 for one_cycle,
                             // which has a warm-up of its own

  bool operator==(const Schedule&) const = default;
};

/// Throws Error for a schedule that does not fit into `total` steps, of at least 1, or for impossible rates.
void check_schedule(const Schedule& schedule, std::int64_t total);

/// The learning rate of a step from 1 to `total`, which depends on nothing else. It is that of PyTorch's
/// schedulers when they are stepped once per optimizer step: constant, CosineAnnealingLR(T_max=total -
/// warm_up), OneCycleLR, StepLR(ceil((total - warm_up) / 3), 0.1), after LinearLR(1 / warm_up, 1, warm_up -
/// 1). Throws Error for another step, and as check_schedule() does.
double learning_rate(const Schedule& schedule, std::int64_t step, std::int64_t total);

}  // namespace bart
