#include "bart/dataset/batch_order.h"

#include <gtest/gtest.h>

#include "golden.h"

namespace bart {
namespace {

// Golden: tests/goldens/make_dataset.py, PyTorch's DataLoader.
TEST(BatchOrder, ThreeEpochsEqualPyTorchsDataLoader) {
  for (const std::vector<std::string>& row : test::read_golden("dataset_batch_order.tsv")) {
    BatchOrder order(static_cast<std::uint32_t>(std::stoul(row[0])),
                     static_cast<std::uint32_t>(std::stoul(row[1])));
    for (std::size_t epoch = 0; epoch < 3; ++epoch) {
      EXPECT_EQ(test::crc32_of(order.next_epoch()), row[3 + epoch])
          << testing::PrintToString(row) << ", epoch " << epoch;
    }
  }
}

TEST(BatchOrder, ACopyGoesOnFromTheSamePlace) {
  BatchOrder order(10, 100);
  order.next_epoch();
  BatchOrder copy = order;
  EXPECT_EQ(order.next_epoch(), copy.next_epoch());
}

}  // namespace
}  // namespace bart
