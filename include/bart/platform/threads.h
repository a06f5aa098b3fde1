#pragma once

#include <cstddef>
#include <functional>

namespace bart {

/// How many threads this process may really use: the smaller of its affinity mask and the CPU quota of its
/// cgroup (v1 or v2), rounded up, at least 1.
int available_threads();

/// Calls work(i) for every i in [0, count) on `threads` threads, in order of i as threads become free. The
/// first exception stops the handing out of further work and is rethrown here.
void parallel_for(std::size_t count, int threads, const std::function<void(std::size_t)>& work);

}  // namespace bart
