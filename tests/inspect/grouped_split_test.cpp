#include "bart/dataset/grouped_split.h"

#include <gmock/gmock.h>

#include <cmath>
#include <map>
#include <numeric>
#include <set>

#include "bart/platform/error.h"
#include "bart/random/mt19937.h"

namespace bart {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

struct Grouped {
  std::vector<std::int32_t> labels;
  std::vector<std::uint32_t> groups;
};

/// Classes of 300, 90 and 30 pictures; every other picture alone, the rest in groups of 2 to 5 of one class.
Grouped drawn_groups() {
  Grouped data;
  Mt19937 generator(1);
  std::int32_t label = 0;
  for (const std::size_t count : {300u, 90u, 30u}) {
    const std::size_t end = data.labels.size() + count;
    while (data.labels.size() < end) {
      const std::size_t wanted = generator.next() % 2 == 0 ? 1 : 2 + generator.next() % 4;
      const auto group = static_cast<std::uint32_t>(data.labels.size());
      for (std::size_t k = 0; k < wanted && data.labels.size() < end; ++k) {
        data.labels.push_back(label);
        data.groups.push_back(group);
      }
    }
    ++label;
  }
  return data;
}

TEST(GroupedSplit, NoGroupIsOnBothSidesAndEveryPictureIsOnOne) {
  const Grouped data = drawn_groups();
  for (const std::uint32_t seed : {0u, 10u, 4294967295u}) {
    for (const double test_size : {0.1, 0.2, 0.5, 0.9}) {
      const Split split = grouped_split(data.labels, data.groups, test_size, seed);
      std::set<std::uint32_t> test_groups;
      for (const std::uint32_t i : split.test) test_groups.insert(data.groups[i]);
      for (const std::uint32_t i : split.train) EXPECT_FALSE(test_groups.contains(data.groups[i]));
      std::vector<std::uint32_t> all = split.train;
      all.insert(all.end(), split.test.begin(), split.test.end());
      std::vector<std::uint32_t> expected(data.labels.size());
      std::iota(expected.begin(), expected.end(), 0u);
      EXPECT_THAT(all, testing::UnorderedElementsAreArray(expected));
    }
  }
}

TEST(GroupedSplit, TheTestSetHasItsSizeAndEveryClassItsShare) {
  const Grouped data = drawn_groups();
  const Split split = grouped_split(data.labels, data.groups, 0.2, 10);
  std::map<std::int32_t, int> counts;
  for (const std::uint32_t i : split.test) ++counts[data.labels[i]];
  // 20 % of 300, 90 and 30, which single pictures fill up exactly.
  EXPECT_EQ(counts, (std::map<std::int32_t, int>{{0, 60}, {1, 18}, {2, 6}}));
}

TEST(GroupedSplit, TheSeedDecides) {
  const Grouped data = drawn_groups();
  const Split a = grouped_split(data.labels, data.groups, 0.2, 10);
  const Split b = grouped_split(data.labels, data.groups, 0.2, 10);
  const Split c = grouped_split(data.labels, data.groups, 0.2, 11);
  EXPECT_EQ(a.test, b.test);
  EXPECT_EQ(a.train, b.train);
  EXPECT_NE(a.test, c.test);
}

TEST(GroupedSplit, AClassOfOneGroupStaysInTraining) {
  const std::vector<std::int32_t> labels{0, 0, 0, 0, 0, 0, 0, 0, 1, 1};
  const std::vector<std::uint32_t> groups{0, 1, 2, 3, 4, 5, 6, 7, 8, 8};
  for (std::uint32_t seed = 0; seed < 20; ++seed) {
    const Split split = grouped_split(labels, groups, 0.5, seed);
    EXPECT_THAT(split.train, testing::IsSupersetOf({8u, 9u}));
    EXPECT_THAT(split.test, testing::Not(testing::IsEmpty()));
  }
}

TEST(GroupedSplit, WhatCannotBeSplitIsRefused) {
  const std::vector<std::int32_t> labels{0, 0, 1, 1};
  EXPECT_THAT([&] { grouped_split(labels, std::vector<std::uint32_t>(4, 0), 0.5, 10); },
              ThrowsMessage<Error>(HasSubstr("all 4 pictures are near duplicates of each other")));
  const std::vector<std::uint32_t> by_class{0, 0, 2, 2};  // to test on a class there is none left to train on
  EXPECT_THAT([&] { grouped_split(labels, by_class, 0.5, 10); },
              ThrowsMessage<Error>(HasSubstr("2 groups of near duplicates")));
  EXPECT_THROW(grouped_split(labels, by_class, 1.0, 10), Error);
}

TEST(GroupedSplit, LabelsAndGroupsThatDoNotFitAreRefused) {
  const std::vector<std::uint32_t> groups = {0, 1, 2};
  EXPECT_THROW(grouped_split({}, {}, 0.5, 10), Error);
  EXPECT_THROW(grouped_split(std::vector{0, 1}, groups, 0.5, 10), Error);
  EXPECT_THROW(grouped_split(std::vector{0, 1, -1}, groups, 0.5, 10), Error);
  EXPECT_THROW(grouped_split(std::vector{0, 1, 0x7FFFFFFF}, groups, 0.5, 10), Error);
}

}  // namespace
}  // namespace bart
