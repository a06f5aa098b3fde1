#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>

#include "bart/dataset/load.h"

namespace bart::test {

/// All that is known of the pictures, and their pixels, but not where these lie.
inline void expect_same_pictures(const LoadedPictures& a, const LoadedPictures& b) {
  ASSERT_EQ(a.files, b.files);
  EXPECT_EQ(a.labels, b.labels);
  EXPECT_EQ(a.classes, b.classes);
  EXPECT_EQ(a.hashes, b.hashes);
  EXPECT_EQ(a.sizes, b.sizes);
  EXPECT_EQ(a.converted, b.converted);
  EXPECT_EQ(a.bytes_read, b.bytes_read);
  ASSERT_EQ(a.skipped.size(), b.skipped.size());
  for (std::size_t i = 0; i < a.skipped.size(); ++i) {
    EXPECT_EQ(a.skipped[i].file, b.skipped[i].file);
    EXPECT_EQ(a.skipped[i].reason, b.skipped[i].reason);
  }
  for (std::size_t i = 0; i < a.size(); ++i) {
    EXPECT_TRUE(std::equal(a.picture(i), a.picture(i) + a.bytes_each(), b.picture(i))) << a.files[i];
  }
}

}  // namespace bart::test
