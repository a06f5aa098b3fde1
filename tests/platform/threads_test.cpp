#include "bart/platform/threads.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <atomic>
#include <stdexcept>
#include <vector>

#include "one_processor.h"

namespace bart {
namespace {

TEST(AvailableThreads, FollowsTheAffinityMask) {
  ASSERT_NO_FATAL_FAILURE(test::on_one_processor([] { EXPECT_EQ(available_threads(), 1); }));
  cpu_set_t mask;
  ASSERT_EQ(::sched_getaffinity(0, sizeof mask, &mask), 0);
  EXPECT_LE(available_threads(), CPU_COUNT(&mask));
}

TEST(ParallelFor, DoesEachItemOnce) {
  for (const int threads : {1, 2, 7}) {
    std::vector<std::atomic<int>> done(1000);
    parallel_for(done.size(), threads, [&](std::size_t i) { ++done[i]; });
    for (const auto& count : done) EXPECT_EQ(count, 1);
  }
  parallel_for(0, 4, [](std::size_t) { FAIL(); });
}

TEST(ParallelFor, RethrowsTheFirstFailureAndStops) {
  std::atomic<int> done{0};
  const auto work = [&](std::size_t i) {
    if (i == 3) throw std::runtime_error("three");
    ++done;
  };
  EXPECT_THROW(parallel_for(1'000'000, 2, work), std::runtime_error);
  EXPECT_LT(done, 999'999);
}

}  // namespace
}  // namespace bart
