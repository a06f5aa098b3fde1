#pragma once

#include <signal.h>

#include <algorithm>
#include <array>

namespace bart {

/// The signals of timers. One that was set before the program began announces the end, unless a handler takes
/// them, such as a profiler's.
inline constexpr std::array timer_signals = {SIGALRM, SIGVTALRM, SIGPROF};

inline bool is_timer_signal(int signal) {
  return std::ranges::find(timer_signals, signal) != timer_signals.end();
}

}  // namespace bart
