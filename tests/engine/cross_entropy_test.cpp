#include "cross_entropy.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace bart {
namespace {

TEST(CrossEntropy, OfEqualLogitsIsTheLogarithmOfTheClasses) {
  for (const int classes : {2, 42, 5000}) {
    const std::vector<float> logits(static_cast<std::size_t>(2 * classes), 3.0f);
    std::vector<float> gradient(logits.size());
    const std::vector<std::int32_t> labels = {0, classes - 1};
    const CrossEntropy result = cross_entropy(2, classes, logits.data(), labels, {}, gradient.data());
    EXPECT_FLOAT_EQ(result.loss, std::log(static_cast<float>(classes)));
    EXPECT_EQ(result.correct, 1) << "of equal logits the first counts, as torch.max has it";
    EXPECT_FLOAT_EQ(gradient[0], (1.0f / static_cast<float>(classes) - 1) / 2);
    EXPECT_FLOAT_EQ(gradient[1], 1.0f / static_cast<float>(classes) / 2);
  }
}

TEST(CrossEntropy, StaysFiniteForHugeLogits) {
  const std::vector<float> logits = {3e38f, -3e38f, 0, -3e38f, 3e38f, 0};
  const std::vector<std::int32_t> labels = {0, 1};
  std::vector<float> gradient(6);
  const CrossEntropy result = cross_entropy(2, 3, logits.data(), labels, {}, gradient.data());
  EXPECT_EQ(result.loss, 0);
  EXPECT_EQ(result.correct, 2);
  EXPECT_EQ(gradient, std::vector<float>(6, 0.0f));
}

TEST(CrossEntropy, ShowsThatALogitIsNotANumber) {
  const std::vector<float> logits = {0, std::numeric_limits<float>::quiet_NaN(), 0};
  const std::vector<std::int32_t> labels = {0};
  std::vector<float> gradient(3);
  EXPECT_TRUE(std::isnan(cross_entropy(1, 3, logits.data(), labels, {}, gradient.data()).loss));
}

TEST(CrossEntropy, ClassWeightsAreThoseOfTorch) {
  // torch.nn.CrossEntropyLoss(weight=torch.tensor([0.5, 2, 1])) of PyTorch 2.13.
  const std::vector<float> logits = {1, 2, 0.5f, -1, 0, 3};
  const std::vector<std::int32_t> labels = {1, 0};
  const std::vector<float> weights = {0.5f, 2, 1};
  std::vector<float> gradient(6);
  const CrossEntropy result =
      cross_entropy(2, 3, logits.data(), labels, {.weights = weights}, gradient.data());
  EXPECT_FLOAT_EQ(result.loss, 1.18467181f);
  const std::vector<float> expected = {0.184979118f,  -0.297174625f,  0.112195507f,
                                       -0.196570435f, 0.00932252452f, 0.18724791f};
  for (std::size_t i = 0; i < 6; ++i) EXPECT_NEAR(gradient[i], expected[i], 1e-7) << i;
}

TEST(CrossEntropy, LabelSmoothingAndAdjustmentsAreThoseOfTorch) {
  // torch.nn.CrossEntropyLoss(weight, label_smoothing=0.1) of PyTorch 2.13, on float64 logits to which the
  // adjustments were added.
  const std::vector<float> logits = {1, 2, 0.5f, -1, 0, 3};
  const std::vector<std::int32_t> labels = {1, 0};
  const std::vector<float> weights = {0.5f, 2, 1};
  const std::vector<float> adjustments = {-0.75f, 0.25f, -1.5f};
  const struct {
    LossRule rule;
    double loss;
    std::vector<double> gradient;
  } cases[] = {
      {{.smoothing = 0.1},
       2.22345967727,
       {0.09894528214, -0.1524008071, 0.05345552492, -0.4580927539, 0.006639644622, 0.4514531093}},
      {{.weights = weights, .smoothing = 0.1},
       1.224283086,
       {0.1706049882, -0.2647923486, 0.09418736043, -0.1827798262, -0.01610113888, 0.1988809651}},
      {{.adjustments = adjustments},
       1.84606649358,
       {0.05763316125, -0.0741453384, 0.01651217715, -0.4853713038, 0.1080922567, 0.3772790471}},
      {{.weights = weights, .adjustments = adjustments, .smoothing = 0.1},
       0.883558866463,
       {0.08170418058, -0.09368951888, 0.0119853383, -0.1800349911, 0.02233515639, 0.1576998347}},
  };
  for (const auto& [rule, loss, expected] : cases) {
    std::vector<float> gradient(6);
    const CrossEntropy result = cross_entropy(2, 3, logits.data(), labels, rule, gradient.data());
    EXPECT_FLOAT_EQ(result.loss, static_cast<float>(loss));
    EXPECT_EQ(result.correct, 1) << "which adjustments do not change";
    for (std::size_t i = 0; i < 6; ++i) EXPECT_NEAR(gradient[i], expected[i], 1e-7) << i;
  }
}

TEST(CrossEntropy, AdjustmentsDoNotHideThatALogitIsNotANumber) {
  const std::vector<float> logits = {0, std::numeric_limits<float>::quiet_NaN(), 0},
                           adjustments = {0.5f, -1, 0};
  const std::vector<std::int32_t> labels = {0};
  std::vector<float> gradient(3);
  const LossRule rule = {.adjustments = adjustments, .smoothing = 0.1};
  EXPECT_TRUE(std::isnan(cross_entropy(1, 3, logits.data(), labels, rule, gradient.data()).loss));
}

}  // namespace
}  // namespace bart
