#include "clip_gradients.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace bart {
namespace {

constexpr Team team{2};

TEST(ClipGradients, LongOnesAreScaledAsTorchDoes) {
  std::vector<float> gradients = {3, -4};
  EXPECT_EQ(clip_gradients(team, gradients.data(), 2, 1), 5);
  // torch.nn.utils.clip_grad_norm_ of PyTorch 2.13: 3 / (5 + 1e-6) and -4 / (5 + 1e-6) as floats.
  EXPECT_FLOAT_EQ(gradients[0], 0.599999881f);
  EXPECT_FLOAT_EQ(gradients[1], -0.799999833f);
}

TEST(ClipGradients, ShortOnesStayAsTheyAre) {
  std::vector<float> gradients = {0.3f, -0.4f};
  EXPECT_NEAR(clip_gradients(team, gradients.data(), 2, 1), 0.5, 1e-7);
  EXPECT_EQ(gradients, (std::vector<float>{0.3f, -0.4f}));
}

TEST(ClipGradients, ManyAddUpToTheNormOfAll) {
  std::vector<float> gradients(100'003, 0.5f);
  EXPECT_DOUBLE_EQ(clip_gradients(team, gradients.data(), 100'003, 2), std::sqrt(100'003 * 0.25));
  double squares = 0;
  for (const float gradient : gradients) squares += static_cast<double>(gradient) * gradient;
  EXPECT_NEAR(std::sqrt(squares), 2, 1e-5);
}

}  // namespace
}  // namespace bart
