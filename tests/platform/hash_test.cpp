#include "bart/platform/hash.h"

#include <gtest/gtest.h>

#include <vector>

namespace bart {
namespace {

TEST(HashOf, IsXxh3) {
  // XSUM_XXH3_testdata of the reference implementation: no bytes, seed 0.
  EXPECT_EQ(hash_of({}), 0x2D06800538D394C2u);
  const std::vector<std::uint8_t> bytes(1000, 7);
  EXPECT_NE(hash_of(bytes), hash_of(std::span(bytes).first(999)));
  EXPECT_NE(hash_of(bytes, 0), hash_of(bytes, 1));
}

}  // namespace
}  // namespace bart
