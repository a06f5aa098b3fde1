// Times as a user writes them: "90s", "1h30m".
#include "duration.h"

#include <gtest/gtest.h>

namespace bart {
namespace {

TEST(Duration, AddsHoursMinutesAndSeconds) {
  const std::pair<const char*, double> cases[] = {
      {"90s", 90},    {"15m", 900}, {"2h", 7200}, {"1h30m", 5400}, {"1h0m30s", 3630},
      {"1.5h", 5400}, {"0.5m", 30}, {"0s", 0},    {"100m", 6000},  {"2h1s", 7201}};
  for (const auto& [text, seconds] : cases) {
    ASSERT_TRUE(seconds_of_text(text)) << text;
    EXPECT_DOUBLE_EQ(*seconds_of_text(text), seconds) << text;
  }
}

TEST(Duration, IsNothingForAnyOtherText) {
  for (const char* text :
       {"",     " ",    "h",    "m",      "90",    "1h30",   "30m1h", "1h1h",      "1s1m",
        "-5m",  "-1h",  "+5m",  " 5m",    "5m ",   "5 m",    "5M",    "2H",        "1d",
        "1e3s", "infh", "nans", "1e400h", "0x10s", "1h,30m", "1:30",  "two hours", "5ms"}) {
    EXPECT_FALSE(seconds_of_text(text)) << '"' << text << '"';
  }
}

}  // namespace
}  // namespace bart
