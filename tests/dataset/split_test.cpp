#include "bart/dataset/split.h"

#include <gmock/gmock.h>

#include <limits>

#include "bart/platform/error.h"
#include "golden.h"

namespace bart {
namespace {

using testing::HasSubstr;
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

}  // namespace
}  // namespace bart
