#include "bart/engine/work_log.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "team.h"

namespace bart {
namespace {

TEST(WorkLog, TheCallingThreadDoesAllPiecesInOrder) {
  const Team team{40};
  std::vector<std::int64_t> done;
  std::atomic<bool> elsewhere = false;
  const auto work = [&, caller = std::this_thread::get_id()](std::int64_t i) {
    elsewhere = elsewhere || std::this_thread::get_id() != caller;
    done.push_back(i);
  };
  WorkLog log;
  team.each_in_turn(5, work);
  team.each(640, work);
  team.each(3, work);
  ASSERT_EQ(log.works.size(), 3u);
  EXPECT_EQ(log.works[0].piece_seconds.size(), 5u);
  EXPECT_EQ(log.works[1].piece_seconds.size(), 320u);  // each of 40 ranges has 8 pieces
  EXPECT_EQ(log.works[2].piece_seconds.size(), 3u);
  EXPECT_FALSE(elsewhere);
  ASSERT_EQ(done.size(), 648u);
  EXPECT_EQ(done[4], 4);
  EXPECT_EQ(done[5 + 639], 639);
}

TEST(WorkLog, NothingIsNotedAfterIt) {
  const Team team{2};
  std::atomic<int> done = 0;
  { const WorkLog log; }
  team.each(100, [&](std::int64_t) { ++done; });
  EXPECT_EQ(done, 100);
}

}  // namespace
}  // namespace bart
