#include "bart/platform/json_extent.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace bart {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

TEST(JsonExtent, CountsWhatATextHolds) {
  const JsonExtent extent =
      json_extent(R"({"a": [1, -2, 3.5, [{}]], "b": {"c": null, "d": true, "e": "f"}})");
  EXPECT_EQ(extent.depth, 4);
  EXPECT_EQ(extent.containers, 5);
  EXPECT_EQ(extent.scalars, 5 + 6);
  EXPECT_EQ(json_extent("7").depth, 0);
  EXPECT_EQ(json_extent("7").scalars, 1);
  EXPECT_EQ(json_extent("").scalars, 0);
}

TEST(JsonExtent, EndsAtTheFirstFault) {
  EXPECT_EQ(json_extent("[1, 2, ] [[[").scalars, 2);
  EXPECT_EQ(json_extent("[\"\xff\"]").scalars, 0);
  EXPECT_EQ(json_extent("[1e999]").scalars, 0);
  EXPECT_EQ(json_extent(std::string(1'000'000, '[')).depth, 1'000'000);
}

TEST(JsonExtent, TellsEachNameAndWhereItIs) {
  std::vector<std::pair<std::size_t, std::string>> names;
  json_extent(R"({"a": [{"b": 0}], "a": 1, "c": {"a": 2}})",
              [&](std::size_t depth, const std::string& name) { names.emplace_back(depth, name); });
  EXPECT_THAT(names, ElementsAre(Pair(1, "a"), Pair(3, "b"), Pair(1, "a"), Pair(1, "c"), Pair(2, "a")));
}

}  // namespace
}  // namespace bart
