#include "bart/bench/processor_wait.h"

#include <fstream>

namespace bart {

// Documentation/scheduler/sched-stats.rst in Linux: nanoseconds on a processor, nanoseconds in a run queue,
// and the number of time slices.
std::optional<ProcessorWait::Times> ProcessorWait::now() {
  std::ifstream file("/proc/thread-self/schedstat");
  Times times{};
  if (!(file >> times.ran >> times.waited)) return std::nullopt;
  return times;
}

ProcessorWait::ProcessorWait() : begin_(now()) {}

std::optional<double> ProcessorWait::share() const {
  const std::optional<Times> end = now();
  if (!begin_ || !end) return std::nullopt;
  const double ran = end->ran - begin_->ran;
  const double waited = end->waited - begin_->waited;
  return ran + waited > 0 ? waited / (ran + waited) : 0;
}

}  // namespace bart
