// The list of probably wrong labels is that of cleanlab for the same probabilities.
#include "bart/audit/label_issues.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <numeric>

#include "bart/platform/error.h"
#include "golden.h"

namespace bart {
namespace {

/// Numerical Recipes' generator, as in make_label_issues.py.
struct Numbers {
  std::uint32_t state;
  std::uint32_t operator()() {
    state = state * 1664525u + 1013904223u;
    return state >> 8;
  }
};

OutOfSample made(std::size_t n, std::uint32_t classes, std::uint32_t noise, std::uint32_t strength,
                 std::uint32_t seed) {
  Numbers number{seed};
  OutOfSample data{.classes = classes, .labels = {}, .probabilities = {}};
  for (std::size_t i = 0; i < n; ++i) {
    const std::uint32_t truth = number() % classes;
    std::uint32_t label = truth;
    // Python takes the condition first.
    if (const bool wrong = number() % 100 < noise; wrong) label = number() % classes;
    std::vector<double> row;
    for (std::uint32_t k = 0; k < classes; ++k) row.push_back(number() % 1000 + 1);
    row[truth] += strength * (number() % 1000);
    const double sum = std::accumulate(row.begin(), row.end(), 0.0);
    data.labels.push_back(static_cast<std::int32_t>(label));
    for (const double value : row) data.probabilities.push_back(value / sum);
  }
  return data;
}

TEST(LabelIssues, AreThoseOfCleanlab) {
  for (const auto& row : test::read_golden("label_issues.tsv")) {
    const auto number = [&](std::size_t i) { return static_cast<std::uint32_t>(std::stoul(row[i])); };
    const OutOfSample data = made(number(0), number(1), number(2), number(3), number(4));
    SCOPED_TRACE(row[0] + " pictures, seed " + row[4]);
    EXPECT_NEAR(confident_thresholds(data)[0], std::stod(row[5]), 1e-15);
    EXPECT_EQ(test::crc32_of(confident_joint(data)), row[6]);
    const auto issues = label_issues(data, IssueRanking::self_confidence);
    EXPECT_EQ(issues.size(), number(7));
    EXPECT_EQ(test::crc32_of(issues), row[8]);
    EXPECT_EQ(test::crc32_of(label_issues(data, IssueRanking::normalized_margin)), row[9]);
    std::string first;
    for (std::size_t i = 0; i < std::min<std::size_t>(5, issues.size()); ++i) {
      first += (i > 0 ? "," : "") + std::to_string(issues[i]);
    }
    EXPECT_EQ(first.empty() ? "none" : first, row[10]);
  }
}

TEST(LabelIssues, AClassWithoutPicturesOrWithOneHasNone) {
  // Class 2 has no picture; the only picture of class 1 looks like class 0.
  const OutOfSample data{.classes = 3,
                         .labels = {0, 0, 0, 1},
                         .probabilities = {.8, .1, .1, .9, .05, .05, .7, .2, .1, .9, .05, .05}};
  EXPECT_EQ(confident_thresholds(data)[2], 2);
  EXPECT_TRUE(label_issues(data, IssueRanking::self_confidence).empty());
}

TEST(LabelIssues, RefuseProbabilitiesThatDoNotFit) {
  EXPECT_THROW(label_issues({.classes = 2, .labels = {0, 1}, .probabilities = {1, 0, 1}},
                            IssueRanking::self_confidence),
               Error);
  EXPECT_THROW(
      label_issues({.classes = 2, .labels = {2}, .probabilities = {1, 0}}, IssueRanking::self_confidence),
      Error);
  for (const double bad : {std::numeric_limits<double>::quiet_NaN(), -0.5, 1.5}) {
    EXPECT_THROW(
        label_issues({.classes = 2, .labels = {0}, .probabilities = {bad, 0}}, IssueRanking::self_confidence),
        Error);
  }
  EXPECT_THROW(label_scores({.classes = std::size_t{1} << 63, .labels = {0, 0}, .probabilities = {}},
                            IssueRanking::self_confidence),
               Error);
}

}  // namespace
}  // namespace bart
