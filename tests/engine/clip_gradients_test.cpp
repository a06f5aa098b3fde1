#include "clip_gradients.h"

#include <gtest/gtest.h>
#include <hwy/targets.h>

#include <array>
#include <cmath>
#include <numeric>
#include <vector>

#include "bart/random/mt19937.h"
#include "two_threads.h"

namespace bart {
namespace {

TEST(ClipGradients, LongOnesAreScaledAsTorchDoes) {
  std::vector<float> gradients = {3, -4};
  EXPECT_EQ(clip_gradients(two_threads, gradients.data(), 2, 1), 5);
  // torch.nn.utils.clip_grad_norm_ of PyTorch 2.13: 3 / (5 + 1e-6) and -4 / (5 + 1e-6) as floats.
  EXPECT_FLOAT_EQ(gradients[0], 0.599999881f);
  EXPECT_FLOAT_EQ(gradients[1], -0.799999833f);
}

TEST(ClipGradients, ShortOnesStayAsTheyAre) {
  std::vector<float> gradients = {0.3f, -0.4f};
  EXPECT_NEAR(clip_gradients(two_threads, gradients.data(), 2, 1), 0.5, 1e-7);
  EXPECT_EQ(gradients, (std::vector<float>{0.3f, -0.4f}));
}

TEST(ClipGradients, ManyAddUpToTheNormOfAll) {
  std::vector<float> gradients(100'003, 0.5f);
  EXPECT_DOUBLE_EQ(clip_gradients(two_threads, gradients.data(), 100'003, 2), std::sqrt(100'003 * 0.25));
  double squares = 0;
  for (const float gradient : gradients) squares += static_cast<double>(gradient) * gradient;
  EXPECT_NEAR(std::sqrt(squares), 2, 1e-5);
}

TEST(ClipGradients, EveryVectorLengthGivesTheSameBits) {
  std::vector<float> gradients(3 * 16 + 5);
  Mt19937 words(1);
  for (float& g : gradients) g = static_cast<float>(words.next()) * 0x1p-32f - 0.5f;
  std::array<double, 16> sums{};
  for (std::size_t i = 0; i < 48; ++i) {
    sums[i % 16] += static_cast<double>(gradients[i]) * static_cast<double>(gradients[i]);
  }
  double sum = std::accumulate(sums.begin(), sums.end(), 0.0);
  for (std::size_t i = 48; i < gradients.size(); ++i) {
    sum += static_cast<double>(gradients[i]) * static_cast<double>(gradients[i]);
  }
  for (std::int64_t targets = hwy::SupportedTargets(); targets != 0; targets &= targets - 1) {
    const std::int64_t target = targets & -targets;
    hwy::SetSupportedTargetsForTest(target);
    EXPECT_EQ(gradient_norm(two_threads, gradients.data(), 53), std::sqrt(sum)) << hwy::TargetName(target);
    hwy::SetSupportedTargetsForTest(0);
  }
}

}  // namespace
}  // namespace bart
