#include "bart/bench/processor_wait.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "one_processor.h"

namespace bart {
namespace {

void spin(std::chrono::milliseconds time) {
  const auto end = std::chrono::steady_clock::now() + time;
  while (std::chrono::steady_clock::now() < end) {
  }
}

TEST(ProcessorWait, SeesThatAnotherThreadHasTheProcessor) {
  test::on_one_processor([] {
    const ProcessorWait wait;
    if (!wait.share()) GTEST_SKIP() << "Linux does not count here how long a thread waits";
    std::atomic<bool> done = false;
    std::thread other([&] {
      while (!done) {
      }
    });
    spin(std::chrono::milliseconds(400));
    const double share = *wait.share();
    done = true;
    other.join();
    // Two threads share one processor: each gets half of it, or less if other processes want it too.
    EXPECT_GT(share, 0.25);
    EXPECT_LE(share, 1);
  });
}

}  // namespace
}  // namespace bart
