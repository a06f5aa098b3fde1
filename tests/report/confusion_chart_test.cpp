// The order of classes in the matrix of the report.
#include "confusion_chart.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

namespace bart {
namespace {

TEST(SimilarityOrder, PutsClassesBesideThoseTheyAreTakenFor) {
  // 0 and 3 are confused most, 3 with 1 less, 0 with 4 least; 2 with none.
  const ConfusionMatrix matrix{5, {6, 0, 0, 4, 0,  //
                                   0, 8, 0, 2, 0,  //
                                   0, 0, 9, 0, 0,  //
                                   4, 0, 0, 6, 0,  //
                                   1, 0, 0, 0, 9}};
  EXPECT_THAT(similarity_order(matrix), testing::ElementsAre(4, 0, 3, 1, 2));
}

TEST(SimilarityOrder, KeepsTheOrderWithoutMistakesAndEveryClassOnce) {
  const ConfusionMatrix none{3, {5, 0, 0, 0, 5, 0, 0, 0, 5}};
  EXPECT_THAT(similarity_order(none), testing::ElementsAre(0, 1, 2));
  // Shares count, not numbers: of class 2, which has no picture, nothing is known.
  const ConfusionMatrix shares{4, {90, 10, 0, 0, 0, 100, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1}};
  EXPECT_THAT(similarity_order(shares), testing::UnorderedElementsAre(0, 1, 2, 3));
  const auto order = similarity_order(shares);
  EXPECT_EQ(std::abs(std::ranges::find(order, 1) - std::ranges::find(order, 3)), 1);
  EXPECT_THAT(similarity_order({1, {3}}), testing::ElementsAre(0));
  EXPECT_THAT(similarity_order({}), testing::IsEmpty());
}

}  // namespace
}  // namespace bart
