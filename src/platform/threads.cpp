#include "bart/platform/threads.h"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <exception>
#include <filesystem>
#include <latch>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include "bart/platform/error.h"
#include "cgroup.h"

namespace bart {
namespace {

namespace fs = std::filesystem;

int affinity_threads() {
  // The mask of a machine with more than 1,024 processors needs more room than cpu_set_t has.
  for (int count = 1024; count <= 65536; count *= 4) {
    cpu_set_t* set = CPU_ALLOC(count);
    const std::size_t size = CPU_ALLOC_SIZE(count);
    const bool known = ::sched_getaffinity(0, size, set) == 0;
    const int threads = known ? CPU_COUNT_S(size, set) : 0;
    CPU_FREE(set);
    if (known) return threads;
  }
  return static_cast<int>(std::thread::hardware_concurrency());
}

/// The tightest CPU quota of this process's cgroup and all above it, in processors.
double cgroup_processors() {
  double processors = INFINITY;
  for (const fs::path& folder : cgroup_folders("cpu"))
    processors = std::min(processors, cgroup_quota(folder));
  return processors;
}

}  // namespace

int available_threads() {
  const double granted = std::min(static_cast<double>(affinity_threads()), std::ceil(cgroup_processors()));
  const int wanted = std::clamp(static_cast<int>(granted), 1, most_threads);
  // OpenMP, which ends the process if it cannot start a thread, may have as many beside those of this
  // process.
  return (startable_threads(2 * wanted - 1) + 1) / 2;
}

int startable_threads(int wanted) {
  std::latch all_started(1);
  std::vector<std::jthread> others;
  try {
    while (static_cast<int>(others.size()) + 1 < wanted) others.emplace_back([&] { all_started.wait(); });
  } catch (const std::system_error&) {  // pthread_create(3): EAGAIN
  }
  all_started.count_down();
  return static_cast<int>(others.size()) + 1;
}

void parallel_for(std::size_t count, int threads, const std::function<void(std::size_t)>& work) {
  if (count > 0 && !work) throw Error("threads were started without work");
  std::atomic<std::size_t> next{0};
  std::mutex mutex;
  std::exception_ptr failure;
  const auto run = [&] {
    for (std::size_t i; (i = next.fetch_add(1, std::memory_order_relaxed)) < count;) {
      try {
        work(i);
      } catch (...) {
        next.store(count, std::memory_order_relaxed);
        const std::lock_guard lock(mutex);
        if (!failure) failure = std::current_exception();
      }
    }
  };
  {
    std::vector<std::jthread> others;
    const std::size_t wanted = std::min(count, static_cast<std::size_t>(std::max(threads, 1)));
    try {
      for (std::size_t t = 1; t < wanted; ++t) others.emplace_back(run);
    } catch (const std::system_error&) {  // a limit on threads: those that have started do all the work
    }
    run();
  }
  if (failure) std::rethrow_exception(failure);
}

}  // namespace bart
