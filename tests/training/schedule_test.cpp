// Golden: tests/goldens/make_schedule.py, PyTorch.
#include "bart/training/schedule.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <limits>
#include <string>

#include "bart/platform/error.h"
#include "golden.h"

namespace bart {
namespace {

ScheduleKind kind_of(const std::string& name) {
  if (name == "cosine") return ScheduleKind::cosine;
  if (name == "one_cycle") return ScheduleKind::one_cycle;
  if (name == "step") return ScheduleKind::step;
  return ScheduleKind::constant;
}

TEST(Schedule, GivesTheRatesOfPyTorchsSchedulers) {
  // PyTorch's go from step to step, with a few roundings in each, over at most 1,000 steps.
  for (const auto& row : test::read_golden("schedule.tsv")) {
    const Schedule schedule = {
        .kind = kind_of(row[0]), .peak = std::stod(row[1]), .warm_up = std::stoll(row[2])};
    const std::int64_t total = std::stoll(row[3]), step = std::stoll(row[4]);
    const double expected = std::stod(row[5]);
    EXPECT_NO_THROW(check_schedule(schedule, total));
    EXPECT_NEAR(learning_rate(schedule, step, total), expected, 1000 * 0x1p-52 * schedule.peak)
        << row[0] << ", step " << step << " of " << total;
  }
}

TEST(Schedule, ATrainingOfOneStepHasARate) {
  for (const ScheduleKind kind :
       {ScheduleKind::constant, ScheduleKind::cosine, ScheduleKind::one_cycle, ScheduleKind::step}) {
    EXPECT_GT(learning_rate({.kind = kind, .peak = 0.5}, 1, 1), 0);
  }
}

TEST(Schedule, RefusesWhatIsNotPossible) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THROW(check_schedule({.peak = 0}, 10), Error);
  EXPECT_THROW(check_schedule({.peak = nan}, 10), Error);
  EXPECT_THROW(check_schedule({.peak = std::numeric_limits<double>::infinity()}, 10), Error);
  EXPECT_THROW(check_schedule({.kind = ScheduleKind::cosine, .warm_up = 10}, 10), Error);
  EXPECT_THROW(check_schedule({.kind = ScheduleKind::cosine, .warm_up = -1}, 10), Error);
  EXPECT_THROW(check_schedule({.kind = ScheduleKind::one_cycle, .warm_up = 1}, 10), Error);
  EXPECT_NO_THROW(check_schedule({.kind = ScheduleKind::cosine, .warm_up = 9}, 10));
}

TEST(Schedule, HasARateForEachStepAndForNoOther) {
  for (const auto kind :
       {ScheduleKind::constant, ScheduleKind::cosine, ScheduleKind::one_cycle, ScheduleKind::step}) {
    const Schedule schedule{.kind = kind, .peak = 0.1};
    for (const std::int64_t step : {std::int64_t{0}, std::int64_t{-1}, std::int64_t{11}})
      EXPECT_THROW(learning_rate(schedule, step, 10), Error);
    for (const std::int64_t total : {std::int64_t{0}, std::int64_t{-10}}) {
      EXPECT_THROW(check_schedule(schedule, total), Error);
      EXPECT_THROW(learning_rate(schedule, 1, total), Error);
    }
    EXPECT_NO_THROW(learning_rate(schedule, 10, 10));
  }
  EXPECT_THROW(learning_rate({.kind = ScheduleKind::cosine, .peak = 0.1, .warm_up = 20}, 1, 10), Error);
  EXPECT_THROW(learning_rate({.peak = std::numeric_limits<double>::quiet_NaN()}, 1, 10), Error);
}

}  // namespace
}  // namespace bart
