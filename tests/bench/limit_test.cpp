#include "bart/bench/limit.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "bart/bench/multiplication_peak.h"
#include "bart/engine/processor.h"
#include "bart/network/dropout.h"

namespace bart {
namespace {

const Architecture small{
    .classes = 5, .image_size = 32, .blocks = {{16, 0.25}, {32, 0.25}}, .hidden = {{64, 0.5}}};

Limit limit_of(bool training) {
  return measure_limit(small, {.batch_size = 4, .engine = {.threads = 1}, .training = training, .rounds = 1});
}

TEST(Limit, ItsKernelsAreOperationsOfThePlan) {
  Mt19937 generator(10);
  ProcessorBackend engine(small, {.threads = 1});
  engine.load(initial_state(small, generator));
  const std::vector<std::uint8_t> picture(32 * 32 * 3, 100);
  const std::vector<const std::uint8_t*> pictures(4, picture.data());
  const std::vector<std::int32_t> labels(4, 1);
  const auto masks = draw_dropout_masks(small, 4, generator);
  for (const bool training : {true, false}) {
    const Batch batch{pictures, labels};
    const auto operations = time_operations(
        training ? engine.step_operations(batch, masks) : engine.evaluation_operations(pictures), 1);
    const Limit limit = limit_of(training);
    // Four convolutions and two linear layers; the first convolution's input needs no gradient.
    EXPECT_EQ(limit.kernels.size(), training ? 17u : 6u);
    std::map<std::string, double> flops;  // of each operation's kernels
    for (const OperationTime& kernel : limit.kernels) {
      EXPECT_GT(kernel.seconds, 0) << kernel.name;
      const auto timed = std::ranges::find_if(operations, [&](const OperationTime& operation) {
        return operation.name == kernel.name || std::ranges::count(operation.kernels, kernel.name) > 0;
      });
      ASSERT_NE(timed, operations.end()) << kernel.name;
      flops[timed->name] += kernel.flops;
    }
    for (const OperationTime& operation : operations)
      EXPECT_EQ(operation.flops, flops[operation.name]) << operation.name;
  }
}

TEST(Limit, CountsTheTrafficOfThePasses) {
  // Forward moves the output; backward moves the gradient, the output and its gradient. At the end of a block
  // there is also the activation, which has a quarter of the size, and so has its gradient.
  const double block1 = 4.0 * 16 * 32 * 32 * 4, block2 = 4.0 * 32 * 16 * 16 * 4;
  const Limit training = limit_of(true);
  EXPECT_EQ(training.pass_bytes, (block1 + block2) * (4 + 3.5));
  std::int64_t parameters = 0;
  for (const Layer& layer : layers_of(small)) parameters += layer.parameters();
  EXPECT_EQ(training.adam_bytes, 28.0 * static_cast<double>(parameters));
  // BatchNorm, ReLU and pooling can be in the convolutions.
  const Limit evaluation = limit_of(false);
  EXPECT_EQ(evaluation.pass_bytes, 0);
  EXPECT_EQ(evaluation.adam_bytes, 0);
}

TEST(Limit, IsWhatItsKernelsAndItsTrafficTake) {
  const Limit limit{{{"a", "one", 0.5, 1, 1}, {"b", "two", 0.25, 1, 1}}, 3e9, 1e9};
  EXPECT_DOUBLE_EQ(limit_seconds(limit, 8e9), 1.25);
}

TEST(Limit, TakesTheTimeOfAFasterKernel) {
  Limit limit{{{"a", "oneDNN's", 0.5, 1, 1}, {"b", "oneDNN's", 0.25, 1, 1}}, 0, 0};
  take_faster(limit, {{"a", "bart", 0.4, 1, 1}, {"b", "bart", 0.3, 1, 1}, {"c", "bart", 0.1, 1, 1}});
  ASSERT_EQ(limit.kernels.size(), 2u);
  EXPECT_EQ(limit.kernels[0].seconds, 0.4);
  EXPECT_EQ(limit.kernels[0].implementation, "bart");
  EXPECT_EQ(limit.kernels[1].seconds, 0.25);
}

TEST(Limit, NoKernelPassesTheBound) {
  // 300 multiplications in f32 and 400 in bf16; operations without multiplications play no part.
  const std::vector<OperationTime> operations = {{"a", "one", 9, 0, 0, 300, Precision::f32},
                                                 {"b", "two", 9, 0, 0, 400, Precision::bf16},
                                                 {"c", "pass", 9, 0, 1e9}};
  EXPECT_DOUBLE_EQ(*bound_seconds(operations, {.f32 = 100, .bf16 = 200}), 5);
  EXPECT_EQ(bound_seconds(operations, {.f32 = 100, .bf16 = {}}), std::nullopt);
  const MultiplicationPeak peak = measure_multiplication_peak(1, 1);
  if (peak.f32) {
    EXPECT_GT(*peak.f32, 1e9);
  }
}

TEST(Limit, CountsTheMultiplicationsOfTheAlgorithm) {
  ProcessorBackend engine(small, {.threads = 1});
  Mt19937 generator(10);
  engine.load(initial_state(small, generator));
  const std::vector<std::uint8_t> picture(32 * 32 * 3, 100);
  const std::vector<const std::uint8_t*> pictures(4, picture.data());
  for (const Operation& operation : engine.evaluation_operations(pictures)) {
    const bool winograd = operation.implementation.find("winograd") != std::string::npos;
    EXPECT_EQ(operation.multiplications, operation.flops / (winograd ? 8 : 2)) << operation.name;
  }
}

TEST(Limit, ACopyHasASpeed) {
  EXPECT_GT(copy_bytes_per_second(1, 1), 0);
}

}  // namespace
}  // namespace bart
