#pragma once

#include <cstddef>
#include <functional>

namespace bart {

/// More threads than this are a mistake: no machine has as many processors, and stacks and scratch memory of
/// each would run out first.
inline constexpr int most_threads = 1024;

/// How many threads this process may really use: the smallest of its affinity mask, the CPU quota of its
/// cgroup (v1 or v2), rounded up, and what it can start; at least 1.
int available_threads();

/// How many of `wanted` threads, the calling one among them, can run at once: fewer where a limit (`ulimit
/// -u`, the cgroup's pids.max, memory) is in the way; at least 1. Starts and ends them.
int startable_threads(int wanted);

/// Calls work(i) for every i in [0, count) on `threads` threads, or on as many as can be started, in order of
/// i as threads become free. The first exception stops the handing out of further work and is rethrown here.
void parallel_for(std::size_t count, int threads, const std::function<void(std::size_t)>& work);

}  // namespace bart
