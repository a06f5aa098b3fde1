#pragma once

#include <cstdint>

namespace bart {

/// Calls work(i) for i in [0, count) on the threads that the engine set for this call (omp_set_num_threads):
/// the pool that oneDNN's kernels run on too, so that no thread ever waits for a second pool.
template <typename Work>
void parallel_each(std::int64_t count, const Work& work) {
#pragma omp parallel for schedule(static)
  for (std::int64_t i = 0; i < count; ++i) work(i);
}

}  // namespace bart
