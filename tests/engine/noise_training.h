#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <utility>
#include <vector>

#include "bart/engine/engine.h"
#include "bart/network/dropout.h"
#include "bart/network/state_dict.h"
#include "bart/random/mt19937.h"

namespace bart::test {

/// A network with its initial state, and a batch of noise for it.
struct Training {
  Architecture architecture;
  Mt19937 words{3};
  StateDict state;
  std::vector<std::uint8_t> pixels;
  std::vector<const std::uint8_t*> pictures;
  std::vector<std::int32_t> labels;
  DropoutMasks masks;

  Training(Architecture a, int n) : architecture(std::move(a)) {
    state = initial_state(architecture, words);
    const auto picture = static_cast<std::size_t>(architecture.image_size * architecture.image_size * 3);
    pixels.resize(static_cast<std::size_t>(n) * picture);
    for (std::uint8_t& value : pixels) value = static_cast<std::uint8_t>(words.next() >> 24);
    for (int i = 0; i < n; ++i) {
      pictures.push_back(pixels.data() + static_cast<std::size_t>(i) * picture);
      labels.push_back(static_cast<std::int32_t>(words.next() % static_cast<unsigned>(architecture.classes)));
    }
    masks = draw_dropout_masks(architecture, n, words);
  }
  Batch batch() const { return {pictures, labels}; }
  std::size_t logit_count() const { return pictures.size() * static_cast<std::size_t>(architecture.classes); }
};

inline void expect_equal(const StateDict& a, const StateDict& b) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i].name, b[i].name);
    EXPECT_EQ(a[i].shape, b[i].shape);
    EXPECT_TRUE(a[i].values == b[i].values) << a[i].name;
  }
}

}  // namespace bart::test
