#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <vector>

#include "bart/network/dropout.h"
#include "bart/network/state_dict.h"
#include "bart/random/mt19937.h"
#include "context.h"
#include "cuda_backend.h"
#include "gpu.h"
#include "stand_in_driver.h"

namespace bart::cuda {

inline std::shared_ptr<const Context> stand_in_context() {
  return std::make_shared<const Context>(stand_in_driver(), stand_in_image(), 13000, 0);
}

/// Every test leaves the GPU as it found it.
class CudaTest : public testing::Test {
 protected:
  CudaTest() { reset_stand_in(); }
  ~CudaTest() override {
    EXPECT_EQ(stand_in().alive, 0);
    EXPECT_EQ(stand_in().used, 0u);
  }
};

/// A batch of noise with its masks.
struct NoiseBatch {
  std::vector<std::uint8_t> pixels;
  std::vector<const std::uint8_t*> pictures;
  std::vector<std::int32_t> labels;
  DropoutMasks masks;

  NoiseBatch(const Architecture& architecture, int n, Mt19937& words) {
    const auto bytes = static_cast<std::size_t>(architecture.image_size * architecture.image_size * 3);
    pixels.resize(bytes * static_cast<std::size_t>(n));
    for (std::uint8_t& value : pixels) value = static_cast<std::uint8_t>(words.next() >> 24);
    for (int i = 0; i < n; ++i) {
      pictures.push_back(pixels.data() + static_cast<std::size_t>(i) * bytes);
      labels.push_back(static_cast<std::int32_t>(words.next() % static_cast<unsigned>(architecture.classes)));
    }
    masks = draw_dropout_masks(architecture, n, words);
  }
  Batch batch() const { return {.pictures = pictures, .labels = labels}; }
};

template <class A, class B>
double distance(const std::vector<A>& values, const std::vector<B>& truth) {
  EXPECT_EQ(values.size(), truth.size());
  double difference = 0, norm = 0;
  for (std::size_t i = 0; i < truth.size(); ++i) {
    difference += (double(values[i]) - double(truth[i])) * (double(values[i]) - double(truth[i]));
    norm += double(truth[i]) * double(truth[i]);
  }
  return norm == 0 ? std::sqrt(difference) : std::sqrt(difference / norm);
}

}  // namespace bart::cuda
