#include "bart/dataset/stratified_split.h"

#include <gmock/gmock.h>

#include <numeric>
#include <sstream>

#include "bart/platform/error.h"
#include "golden.h"

namespace bart {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::ThrowsMessage;

/// The labels of make_stratified.py: class by class, then mixed by steps that are coprime to their number.
std::vector<std::int32_t> labels_of(const std::string& counts) {
  std::vector<std::int32_t> ordered;
  std::istringstream text(counts);
  std::int32_t label = 0;
  for (std::string count; std::getline(text, count, ','); ++label) {
    ordered.insert(ordered.end(), std::stoul(count), label);
  }
  const std::size_t n = ordered.size();
  std::size_t step = n / 3 + 1;
  while (std::gcd(step, n) != 1) ++step;
  std::vector<std::int32_t> labels;
  for (std::size_t i = 0; i < n; ++i) labels.push_back(ordered[i * step % n]);
  return labels;
}

std::vector<std::string> names(std::span<const std::int32_t> labels) {
  std::vector<std::string> classes;
  for (std::int32_t c = 0; c <= *std::max_element(labels.begin(), labels.end()); ++c) {
    classes.push_back("class" + std::to_string(c));
  }
  return classes;
}

// Golden: tests/goldens/make_stratified.py, scikit-learn's train_test_split(stratify=labels).
TEST(StratifiedSplit, EqualsScikitLearns) {
  for (const std::vector<std::string>& row : test::read_golden("stratified_splits.tsv")) {
    SCOPED_TRACE(testing::PrintToString(row));
    const std::vector<std::int32_t> labels = labels_of(row[0]);
    const double test_size = std::stod(row[1]);
    const auto seed = static_cast<std::uint32_t>(std::stoul(row[2]));
    if (row[3] == "refused") {
      EXPECT_THROW(stratified_split(labels, names(labels), test_size, seed), Error);
      continue;
    }
    const Split split = stratified_split(labels, names(labels), test_size, seed);
    EXPECT_EQ(split.test.size(), std::stoul(row[3]));
    EXPECT_EQ(test::crc32_of(split.train), row[4]);
    EXPECT_EQ(test::crc32_of(split.test), row[5]);
  }
}

TEST(StratifiedSplit, ClassesWithOnePictureAreNamed) {
  const std::vector<std::int32_t> labels{0, 1, 1, 2};
  EXPECT_THAT(
      [&] {
        stratified_split(labels, {"apu", "barney", "carl"}, 0.5, 10);
      },
      ThrowsMessage<Error>(AllOf(HasSubstr("apu, carl"), Not(HasSubstr("barney")))));
}

TEST(StratifiedSplit, ASideWithFewerPicturesThanClassesIsRefusedWithItsNumbers) {
  const std::vector<std::int32_t> labels{0, 0, 0, 1, 1, 1};
  EXPECT_THAT(
      [&] {
        stratified_split(labels, {"apu", "barney"}, 0.1, 10);
      },
      ThrowsMessage<Error>(HasSubstr("leaves 1 of 6 pictures for testing")));
}

TEST(StratifiedSplit, LabelsThatAreNoIndicesAreRefused) {
  const std::vector<std::string> classes = {"a", "b"};
  for (const std::int32_t label : {-1, 2, 1 << 30}) {
    const std::vector<std::int32_t> labels = {0, 0, 0, 1, 1, label};
    EXPECT_THROW(stratified_split(labels, classes, 0.5, 10), Error) << label;
  }
  EXPECT_THROW(stratified_split({}, classes, 0.5, 10), Error);
  EXPECT_THROW(stratified_split({}, {}, 0.5, 10), Error);
}

}  // namespace
}  // namespace bart
