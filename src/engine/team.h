#pragma once

#include <omp.h>

#include <cstdint>
#include <type_traits>

namespace bart {

/// The threads that work together on an operation. Kernels, and the scratch memory that each of their threads
/// needs, take the number from here. OpenMP keeps one pool for each calling thread, and oneDNN runs on the
/// same pool, so no thread ever waits for a second pool.
struct Team {
  int size = 1;

  /// Calls work(i), or work(i, thread) with the thread's number in the team, for i in [0, count). Each thread
  /// takes one range of about equal length.
  template <typename Work>
  void each(std::int64_t count, const Work& work) const {
#pragma omp parallel for schedule(static) num_threads(size)
    for (std::int64_t i = 0; i < count; ++i) call(work, i);
  }

  /// The same for work whose parts differ in length: a thread that is done takes the next i.
  template <typename Work>
  void each_in_turn(std::int64_t count, const Work& work) const {
#pragma omp parallel for schedule(dynamic) num_threads(size)
    for (std::int64_t i = 0; i < count; ++i) call(work, i);
  }

 private:
  template <typename Work>
  static void call(const Work& work, std::int64_t i) {
    if constexpr (std::is_invocable_v<const Work&, std::int64_t, int>) {
      work(i, omp_get_thread_num());
    } else {
      work(i);
    }
  }
};

/// oneDNN's kernels run on as many threads as OpenMP is set to for the calling thread. This sets that: to be
/// called before oneDNN makes or runs a kernel, and the only place that does.
inline void let_onednn_use(const Team& team) {
  omp_set_num_threads(team.size);
}

}  // namespace bart
