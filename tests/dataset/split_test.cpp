#include "bart/dataset/split.h"

#include <gmock/gmock.h>

#include <limits>

#include "bart/platform/error.h"
#include "golden.h"

namespace bart {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::ThrowsMessage;

// Golden: tests/goldens/make_dataset.py, scikit-learn's train_test_split.
TEST(TrainTestSplit, EqualsScikitLearns) {
  for (const std::vector<std::string>& row : test::read_golden("dataset_splits.tsv")) {
    const auto n = static_cast<std::uint32_t>(std::stoul(row[0]));
    const double test_size = std::stod(row[1]);
    const auto seed = static_cast<std::uint32_t>(std::stoul(row[2]));
    SCOPED_TRACE(testing::PrintToString(row));
    if (row[3] == "refused") {
      EXPECT_THROW(train_test_split(n, test_size, seed), Error);
      continue;
    }
    const Split split = train_test_split(n, test_size, seed);
    EXPECT_EQ(split.test.size(), std::stoul(row[3]));
    EXPECT_EQ(split.train.size() + split.test.size(), n);
    EXPECT_EQ(test::crc32_of(split.train), row[4]);
    EXPECT_EQ(test::crc32_of(split.test), row[5]);
  }
}

TEST(TrainTestSplit, AnEmptySideIsRefusedWithItsNumbers) {
  EXPECT_THAT([] { train_test_split(6, 0.9, 10); }, ThrowsMessage<Error>(HasSubstr("6 of 6 pictures")));
  EXPECT_THROW(train_test_split(0, 0.2, 10), Error);
  EXPECT_THROW(train_test_split(1, 0.2, 10), Error);
  for (const double size : {0.0, 1.0, -0.5, 2.0, std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_THAT([&] { train_test_split(100, size, 10); }, ThrowsMessage<Error>(HasSubstr("between 0 and 1")));
  }
}

TEST(SplitByParts, PicturesGoWhereTheirPartSays) {
  using enum Part;
  const auto split = split_by_parts(std::vector{test, train, none, validation, test});
  ASSERT_TRUE(split);
  EXPECT_EQ(split->train, (std::vector<std::uint32_t>{1, 2}));
  EXPECT_EQ(split->validation, (std::vector<std::uint32_t>{3}));
  EXPECT_EQ(split->test, (std::vector<std::uint32_t>{0, 4}));
  // Without test pictures those for validation are the test set, as in the original.
  const auto two = split_by_parts(std::vector{train, validation});
  ASSERT_TRUE(two);
  EXPECT_EQ(two->test, (std::vector<std::uint32_t>{1}));
  EXPECT_TRUE(two->validation.empty());
  EXPECT_FALSE(split_by_parts(std::vector{none, train}));
  EXPECT_FALSE(split_by_parts({}));
  EXPECT_THAT(
      [] {
        split_by_parts(std::vector{test, validation});
      },
      ThrowsMessage<Error>(HasSubstr("no pictures for training")));
}

TEST(ClassesWithoutTraining, AreNamed) {
  const std::vector<std::int32_t> labels = {0, 1, 2, 1};
  const std::vector<std::string> classes = {"a", "b", "c"};
  EXPECT_THAT(classes_without_training({.train = {1, 3}, .test = {0, 2}}, labels, classes),
              ElementsAre("a", "c"));
  EXPECT_THAT(classes_without_training({.train = {0, 1, 2}, .test = {3}}, labels, classes), IsEmpty());
  EXPECT_THAT([&] { classes_without_training({.train = {4}, .test = {}}, labels, classes); },
              ThrowsMessage<Error>(HasSubstr("picture 4")));
  EXPECT_THAT(
      [&] {
        classes_without_training({.train = {2}, .test = {}}, labels, {"a", "b"});
      },
      ThrowsMessage<Error>(HasSubstr("label 2")));
}

}  // namespace
}  // namespace bart
