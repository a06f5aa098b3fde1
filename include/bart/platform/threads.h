#pragma once

#include <cstddef>
#include <functional>

namespace bart {

/// Asking for more threads than this is a mistake: no machine has that many processors, and memory for
/// their stacks and scratch would run out first.
inline constexpr int most_threads = 1024;

/// The number of threads that this process may really use: the smallest of its affinity mask, the CPU quota
/// of its cgroup (v1 or v2, rounded up) and the number that it can start; at least 1.
int available_threads();

/// How many of `wanted` threads, including the calling one, can run at once: fewer if a limit (`ulimit -u`,
/// the cgroup's pids.max, memory) is in the way; at least 1. Finds out by starting and ending them.
int startable_threads(int wanted);

/// Calls work(i) for every i in [0, count) on `threads` threads, or on as many as can be started; free
/// threads take the next i. After the first exception no further work is handed out, and it is rethrown here.
void parallel_for(std::size_t count, int threads, const std::function<void(std::size_t)>& work);

}  // namespace bart
