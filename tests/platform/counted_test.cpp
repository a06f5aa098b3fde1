#include "bart/platform/counted.h"

#include <gtest/gtest.h>

namespace bart {
namespace {

TEST(SomeOf, NamesTheFirstAndCountsTheRest) {
  EXPECT_EQ(some_of({}), "");
  EXPECT_EQ(some_of({"ann"}), "ann");
  EXPECT_EQ(some_of({"ann", "bo"}, 2), "ann, bo");
  EXPECT_EQ(some_of({"ann", "bo", "cleo"}, 2), "ann, bo and 1 more");
  EXPECT_EQ(some_of({"a\x1b[2J"}), "a\xEF\xBF\xBD[2J") << "a name must not act on the terminal";
}

TEST(Counted, GroupsDigitsAndChoosesTheWord) {
  EXPECT_EQ(with_commas(16764), "16,764");
  EXPECT_EQ(counted(1, "picture", "pictures"), "1 picture");
  EXPECT_EQ(counted(1000, "picture", "pictures"), "1,000 pictures");
}

}  // namespace
}  // namespace bart
