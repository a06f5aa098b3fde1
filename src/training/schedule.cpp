#include "bart/training/schedule.h"

#include <fmt/format.h>

#include <cmath>
#include <numbers>

#include "bart/platform/error.h"

namespace bart {
namespace {

/// The value between `from` and `to` at `part`, from 0 to 1, of half a cosine wave.
double annealed(double from, double to, double part) {
  return to + (from - to) * 0.5 * (1 + std::cos(std::numbers::pi * part));
}

double one_cycle(double peak, double at, double total) {
  const double first = peak / 25;
  const double last = first / 1e4;
  const double top = 0.3 * total - 1;  // the step with the peak, counted from 0
  const double end = total - 1;
  if (at <= top) return annealed(first, peak, at / top);
  return end > top ? annealed(peak, last, (at - top) / (end - top)) : peak;
}

}  // namespace

void check_schedule(const Schedule& schedule, std::int64_t total) {
  const auto positive = [](double rate) { return std::isfinite(rate) && rate > 0; };
  if (!positive(schedule.peak)) {
    throw Error(fmt::format("a learning rate of {} is not possible: it must be above 0", schedule.peak));
  }
  if (total < 1) throw Error(fmt::format("a training of {} steps has no learning rates", total));
  if (schedule.warm_up < 0 || (schedule.warm_up > 0 && schedule.warm_up >= total)) {
    throw Error(
        fmt::format("a warm-up of {} steps does not fit into a training of {}", schedule.warm_up, total));
  }
  if (schedule.kind == ScheduleKind::one_cycle && schedule.warm_up > 0) {
    throw Error("a one-cycle schedule has a warm-up of its own and takes no other");
  }
}

double learning_rate(const Schedule& schedule, std::int64_t step, std::int64_t total) {
  check_schedule(schedule, total);
  if (step < 1 || step > total)
    throw Error(fmt::format("there is no step {} in a training of {} steps", step, total));
  const std::int64_t at = step - 1;
  if (at < schedule.warm_up) {
    return schedule.peak * static_cast<double>(step) / static_cast<double>(schedule.warm_up);
  }
  const std::int64_t after = at - schedule.warm_up;
  const std::int64_t rest = total - schedule.warm_up;
  switch (schedule.kind) {
    case ScheduleKind::constant:
      return schedule.peak;
    case ScheduleKind::cosine:
      return annealed(schedule.peak, 0, static_cast<double>(after) / static_cast<double>(rest));
    case ScheduleKind::one_cycle:
      return one_cycle(schedule.peak, static_cast<double>(at), static_cast<double>(total));
    case ScheduleKind::step:
      return schedule.peak * std::pow(0.1, static_cast<double>(after / ((rest + 2) / 3)));
  }
  return schedule.peak;
}

}  // namespace bart
