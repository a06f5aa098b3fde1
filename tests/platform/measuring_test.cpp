#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <thread>

#include "bart/platform/peak_memory.h"
#include "bart/platform/timing.h"

namespace bart {
namespace {

TEST(PeakMemory, GrowsWithWhatIsTouchedAndIsForgotten) {
  constexpr std::size_t bytes = 64 << 20;
  forget_peak_memory();
  const std::uint64_t before = peak_memory_bytes();
  // Not from new: a sanitizer's allocator keeps what is freed.
  void* block = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(block, MAP_FAILED);
  std::memset(block, 1, bytes);
  ::munmap(block, bytes);
  const std::uint64_t peak = peak_memory_bytes();
  EXPECT_GE(peak, before + bytes - (4 << 20));
  if (::access("/proc/self/clear_refs", W_OK) != 0) GTEST_SKIP() << "this kernel does not forget";
  forget_peak_memory();
  EXPECT_LT(peak_memory_bytes(), peak - bytes / 2);
}

TEST(Timing, MedianIsTheMiddleOne) {
  EXPECT_EQ(median_of({3}), 3);
  EXPECT_EQ(median_of({9, 1, 5}), 5);
  EXPECT_EQ(median_of({4, 1, 9, 2}), 4);
  EXPECT_THROW(median_of({}), Error);
}

TEST(Timing, SecondsAreAtLeastThoseSlept) {
  EXPECT_GE(seconds_of([] { std::this_thread::sleep_for(std::chrono::milliseconds(20)); }), 0.02);
}

}  // namespace
}  // namespace bart
