#include "bart/platform/error.h"

#include <gtest/gtest.h>

namespace bart {
namespace {

TEST(Error, TellsItsWholeSentenceWhereATextHasZeroCharacters) {
  using namespace std::string_literals;
  EXPECT_STREQ(Error("a\0\0b is no folder\0"s).what(), "a\\0\\0b is no folder\\0");
  EXPECT_STREQ(UsageError("--out is a\0b"s).what(), "--out is a\\0b");
}

}  // namespace
}  // namespace bart
