#include "team.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <thread>
#include <vector>

namespace bart {
namespace {

/// How often work was called for each i, and whether a thread's number was out of range.
struct Calls {
  std::vector<std::atomic<int>> of;
  std::atomic<bool> strange = false;

  explicit Calls(std::int64_t count) : of(static_cast<std::size_t>(count)) {}
  bool once_each() const {
    for (const auto& calls : of) {
      if (calls != 1) return false;
    }
    return !strange;
  }
};

TEST(Team, CallsWorkOnceForEachIndex) {
  for (const int size : {1, 2, 3, 8}) {
    for (const std::int64_t count : {0, 1, 2, 7, 64, 1001}) {
      Calls ranges(count), turns(count), plain(count);
      const auto into = [size](Calls& calls) {
        return [&calls, size](std::int64_t i, int thread) {
          ++calls.of[static_cast<std::size_t>(i)];
          if (thread < 0 || thread >= size) calls.strange = true;
        };
      };
      Team{size}.each(count, into(ranges));
      Team{size}.each_in_turn(count, into(turns));
      Team{size}.each(count, [&](std::int64_t i) { ++plain.of[static_cast<std::size_t>(i)]; });
      EXPECT_TRUE(ranges.once_each() && turns.once_each() && plain.once_each()) << size << ", " << count;
    }
  }
}

TEST(Team, ThreadsDoNotShareANumber) {
  constexpr int size = 4;
  std::vector<std::atomic<int>> inside(size);
  std::atomic<bool> shared = false;
  for (int round = 0; round < 200; ++round) {
    Team{size}.each_in_turn(64, [&](std::int64_t, int thread) {
      if (++inside[static_cast<std::size_t>(thread)] != 1) shared = true;
      --inside[static_cast<std::size_t>(thread)];
    });
  }
  EXPECT_FALSE(shared);
}

// The next operation reads what the one before wrote, on whichever thread.
TEST(Team, WhatWasWrittenIsThereForTheNextCall) {
  const Team team{3};
  std::vector<std::int64_t> values(257, 0);
  for (int round = 1; round <= 5000; ++round) {
    team.each(257, [&](std::int64_t i) { values[static_cast<std::size_t>(i)] += 1; });
    team.each_in_turn(257, [&](std::int64_t i) { values[static_cast<std::size_t>((i * 5 + 1) % 257)] += 1; });
    ASSERT_EQ(values.front(), 2 * round);
  }
  EXPECT_EQ(values, std::vector<std::int64_t>(257, 10000));
}

TEST(Team, SeveralThreadsCallAtOnce) {
  std::array<Calls, 4> calls{Calls(1000), Calls(1000), Calls(1000), Calls(1000)};
  {
    std::vector<std::jthread> callers;
    for (Calls& own : calls) {
      callers.emplace_back([&own] {
        for (std::int64_t first = 0; first < 1000; first += 10) {
          Team{3}.each(10, [&](std::int64_t i) { ++own.of[static_cast<std::size_t>(first + i)]; });
        }
      });
    }
  }
  for (const Calls& own : calls) EXPECT_TRUE(own.once_each());
}

TEST(Team, WorkWithinWorkIsDoneByTheThreadItself) {
  Calls calls(8 * 8);
  const Team team{2};
  team.each(8, [&](std::int64_t i) {
    team.each(8, [&](std::int64_t k) { ++calls.of[static_cast<std::size_t>(8 * i + k)]; });
  });
  EXPECT_TRUE(calls.once_each());
}

}  // namespace
}  // namespace bart
