#include "bart/platform/threads.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <stdexcept>
#include <vector>

#include "bart/platform/error.h"
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

/// In a child process that may start no thread beyond `most`, as `ulimit -u` has it.
void with_thread_limit(int most, const std::function<int()>& work) {
  const pid_t child = ::fork();
  if (child == 0) {
    // Root is exempt from the limit, which also counts the user's other processes, so the test takes the id
    // of an unused user.
    if (::geteuid() == 0 && (::setgid(61234) != 0 || ::setuid(61234) != 0)) ::_exit(77);
    const struct rlimit limit { static_cast<rlim_t>(most), static_cast<rlim_t>(most) };
    if (::setrlimit(RLIMIT_NPROC, &limit) != 0) ::_exit(77);
    ::_exit(work());
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  if (WEXITSTATUS(status) == 77) GTEST_SKIP() << "no such limit can be set here";
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(StartableThreads, AreAllIfNothingIsInTheWay) {
  EXPECT_EQ(startable_threads(1), 1);
  EXPECT_EQ(startable_threads(20), 20);
  EXPECT_EQ(startable_threads(-5), 1);
}

TEST(StartableThreads, AreFewerUnderALimit) {
  if (::geteuid() != 0) GTEST_SKIP() << "the limit counts all that this user runs";
  with_thread_limit(3, [] {
    const int threads = startable_threads(20);  // a sanitizer may have one of its own
    return threads >= 1 && threads <= 3 ? 0 : 1;
  });
}

TEST(ParallelFor, DoesAllTheWorkOnFewerThreadsUnderALimit) {
  if (::geteuid() != 0) GTEST_SKIP() << "the limit counts all that this user runs";
  with_thread_limit(1, [] {
    std::atomic<int> done = 0;
    parallel_for(100, 8, [&](std::size_t) { ++done; });
    return done == 100 ? 0 : 1;
  });
}

TEST(ParallelFor, NeedsWork) {
  EXPECT_THROW(parallel_for(1, 2, {}), Error);
  EXPECT_NO_THROW(parallel_for(0, 2, {}));
}

}  // namespace
}  // namespace bart
