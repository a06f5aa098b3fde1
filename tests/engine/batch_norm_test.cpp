// The fused kernels against the same operations one after the other in double precision, for every
// instruction set of this machine and both channel blocks.
#include "batch_norm.h"

#include <gtest/gtest.h>
#include <hwy/targets.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "bart/random/mt19937.h"
#include "target_test.h"

namespace bart {
namespace {

Team team{2};  // the tests of what does not depend on the number of threads change it

constexpr double rounding = 0x1p-24;  // the relative error of one float32 operation
// A difference from the mean and its square round three times of the square's size, their sum and the
// variance once each; the root halves that, and rounds.
constexpr double variance_roundings = 5;
constexpr double invstd_roundings = variance_roundings / 2 + 1;

struct Case {
  std::int64_t target;  // of Highway, or 0: what the machine has
  ActivationShape shape;
};

/// ActivationArray on a grid of 1/64, so that equal ones are common and unequal ones far apart, and all other
/// inputs.
struct Data {
  ActivationShape shape;
  std::vector<float> x, dy, pooled_dy, weight, bias, keep;
  std::vector<float> running_mean, running_var;

  explicit Data(const ActivationShape& s) : shape(s) {
    Mt19937 words(7);
    const auto draw = [&](std::vector<float>& values, std::int64_t count, int steps) {
      values.resize(static_cast<std::size_t>(count));
      for (float& value : values) {
        value =
            static_cast<float>(static_cast<int>(words.next() % static_cast<unsigned>(2 * steps)) - steps) /
            64;
      }
    };
    draw(x, s.count(), 192);
    draw(dy, s.count(), 64);
    draw(pooled_dy, s.count() / 4, 64);
    draw(weight, s.channels, 96);
    draw(bias, s.channels, 32);
    draw(running_mean, s.channels, 32);
    draw(running_var, s.channels, 32);
    keep.resize(static_cast<std::size_t>(s.n * s.channels));
    for (float& value : keep) value = words.next() % 4 == 0 ? 0 : 1 / 0.75f;
    weight[0] = 0;  // all of a window are equal then: the first one takes the gradient
    weight[1] = -0.75f;
  }

  std::size_t index(std::int64_t n, std::int64_t c, std::int64_t h, std::int64_t w, std::int64_t size) const {
    const std::int64_t blocks = shape.channels / shape.block;
    return static_cast<std::size_t>(((((n * blocks + c / shape.block) * size + h) * size + w) * shape.block) +
                                    c % shape.block);
  }
};

/// What the kernels must give for one channel, in double.
struct Channel {
  double mean = 0, variance = 0, invstd = 0, weight, bias;

  Channel(const Data& data, std::int64_t c)
      : weight(static_cast<double>(data.weight[static_cast<std::size_t>(c)])),
        bias(static_cast<double>(data.bias[static_cast<std::size_t>(c)])) {
    const ActivationShape& s = data.shape;
    const auto over_pixels = [&](auto&& visit) {
      for (std::int64_t n = 0; n < s.n; ++n) {
        for (std::int64_t h = 0; h < s.size; ++h) {
          for (std::int64_t w = 0; w < s.size; ++w) {
            visit(static_cast<double>(data.x[data.index(n, c, h, w, s.size)]));
          }
        }
      }
    };
    const double count = static_cast<double>(s.n * s.size * s.size);
    over_pixels([&](double v) { mean += v / count; });
    over_pixels([&](double v) { variance += (v - mean) * (v - mean) / count; });
    invstd = 1 / std::sqrt(variance + 1e-5);
  }
  double normalized(double x) const { return (x - mean) * invstd; }
  double relu(double x) const { return std::max(0.0, normalized(x) * weight + bias); }
  /// A bound of the error of relu(x) = x * scale + (bias - mean * scale) in float32: each factor and each
  /// operation rounds once, invstd_roundings for invstd.
  double error(double x) const {
    return (invstd_roundings + 4) * rounding *
           ((std::abs(x) + std::abs(mean)) * invstd * std::abs(weight) + std::abs(bias));
  }
};

ActivationArray floats(std::vector<float>& numbers) {
  return {numbers.data(), Precision::f32};
}

/// The kernels' memory.
struct KernelRun {
  std::vector<float> numbers, partial_memory, dweight, dbias;
  BatchNormChannels channels;
  double* partial;

  explicit KernelRun(const ActivationShape& s)
      : numbers(static_cast<std::size_t>(4 * s.channels)),
        partial_memory(batch_norm_partial_bytes(s, BatchSlices(s.n)) / sizeof(float) + 2),
        dweight(static_cast<std::size_t>(s.channels)),
        dbias(static_cast<std::size_t>(s.channels)),
        channels{numbers.data(), numbers.data() + s.channels, numbers.data() + 2 * s.channels,
                 numbers.data() + 3 * s.channels} {
    void* memory = partial_memory.data();
    std::size_t room = partial_memory.size() * sizeof(float);
    partial = static_cast<double*>(
        std::align(alignof(double), batch_norm_partial_bytes(s, BatchSlices(s.n)), memory, room));
  }

  void statistics(Data& data) {
    exact_batch_norm_statistics(team, data.shape, BatchSlices(data.shape.n), data.x.data(),
                                data.weight.data(), data.bias.data(), data.running_mean.data(),
                                data.running_var.data(), channels, partial);
  }
};

class BatchNorm : public TargetTest<Case> {};

TEST_P(BatchNorm, StatisticsAreThoseOfDoublePrecision) {
  const Data before(GetParam().shape);
  Data data = before;
  const ActivationShape& s = data.shape;
  KernelRun run(s);
  run.statistics(data);
  for (std::int64_t c = 0; c < s.channels; ++c) {
    const auto i = static_cast<std::size_t>(c);
    const Channel truth(data, c);
    EXPECT_NEAR(static_cast<double>(run.channels.mean[c]), truth.mean, rounding * std::abs(truth.mean));
    EXPECT_NEAR(static_cast<double>(run.channels.invstd[c]), truth.invstd,
                invstd_roundings * rounding * truth.invstd);
    const double count = static_cast<double>(s.n * s.size * s.size);
    const double mean = 0.9 * static_cast<double>(before.running_mean[i]) + 0.1 * truth.mean;
    const double unbiased = truth.variance * count / (count - 1);
    const double variance = 0.9 * static_cast<double>(before.running_var[i]) + 0.1 * unbiased;
    EXPECT_NEAR(static_cast<double>(data.running_mean[i]), mean,
                rounding * (std::abs(mean) + 0.1 * std::abs(truth.mean)) + 1e-15);
    EXPECT_NEAR(static_cast<double>(data.running_var[i]), variance,
                rounding * (std::abs(variance) + variance_roundings * 0.1 * unbiased) + 1e-15);
  }
}

TEST_P(BatchNorm, WithReluForwardAndBackward) {
  Data data(GetParam().shape);
  const ActivationShape& s = data.shape;
  KernelRun run(s);
  run.statistics(data);
  std::vector<float> y(data.x.size());
  normalize_relu_forward(team, s, floats(data.x), run.channels, floats(y));
  std::vector<float> dx = data.x;
  normalize_relu_backward(team, s, BatchSlices(s.n), floats(data.dy), data.weight.data(), run.channels,
                          floats(dx), run.dweight.data(), run.dbias.data(), run.partial);

  for (std::int64_t c = 0; c < s.channels; ++c) {
    const Channel truth(data, c);
    double sum = 0, product = 0, magnitude = 0;
    const auto over_pixels = [&](auto&& visit) {
      for (std::int64_t n = 0; n < s.n; ++n) {
        for (std::int64_t h = 0; h < s.size; ++h) {
          for (std::int64_t w = 0; w < s.size; ++w) visit(data.index(n, c, h, w, s.size));
        }
      }
    };
    const auto gradient = [&](std::size_t i) { return y[i] > 0 ? static_cast<double>(data.dy[i]) : 0.0; };
    over_pixels([&](std::size_t i) {
      const auto x = static_cast<double>(data.x[i]);
      ASSERT_NEAR(static_cast<double>(y[i]), truth.relu(x), truth.error(x));
      sum += gradient(i);
      product += gradient(i) * truth.normalized(x);
      magnitude +=
          std::abs(gradient(i) * truth.normalized(x)) + std::abs(gradient(i) * truth.mean * truth.invstd);
    });
    EXPECT_NEAR(static_cast<double>(run.dbias[static_cast<std::size_t>(c)]), sum, rounding * std::abs(sum));
    EXPECT_NEAR(static_cast<double>(run.dweight[static_cast<std::size_t>(c)]), product,
                4 * rounding * magnitude);
    const double count = static_cast<double>(s.n * s.size * s.size);
    over_pixels([&](std::size_t i) {
      const double xhat = truth.normalized(static_cast<double>(data.x[i]));
      const double expected =
          truth.weight * truth.invstd * (gradient(i) - sum / count - xhat * product / count);
      const double terms = std::abs(truth.weight) * truth.invstd *
                           (std::abs(gradient(i)) + std::abs(sum / count) +
                            (std::abs(xhat) + std::abs(truth.mean * truth.invstd)) * magnitude / count);
      ASSERT_NEAR(static_cast<double>(dx[i]), expected, 8 * rounding * terms) << "channel " << c;
    });
  }
}

TEST_P(BatchNorm, WithReluPoolingAndDropoutForwardAndBackward) {
  Data data(GetParam().shape);
  const ActivationShape& s = data.shape;
  const std::int64_t half = s.size / 2;
  KernelRun run(s);
  run.statistics(data);
  std::vector<float> y(data.x.size() / 4);
  normalize_relu_pool_forward(team, s, floats(data.x), run.channels, data.keep.data(), floats(y));
  std::vector<float> dx = data.x;
  normalize_relu_pool_backward(team, s, BatchSlices(s.n), floats(data.pooled_dy), data.weight.data(),
                               run.channels, data.keep.data(), floats(dx), run.dweight.data(),
                               run.dbias.data(), run.partial);

  for (std::int64_t c = 0; c < s.channels; ++c) {
    const Channel truth(data, c);
    std::vector<double> gradient(data.x.size());
    double sum = 0, product = 0, magnitude = 0;
    for (std::int64_t n = 0; n < s.n; ++n) {
      const auto kept = static_cast<double>(data.keep[static_cast<std::size_t>(n * s.channels + c)]);
      for (std::int64_t h = 0; h < half; ++h) {
        for (std::int64_t w = 0; w < half; ++w) {
          // PyTorch's max_pool2d: row by row, a later element must be larger.
          std::size_t chosen = data.index(n, c, 2 * h, 2 * w, s.size);
          for (const auto& [dh, dw] : {std::pair{0, 1}, {1, 0}, {1, 1}}) {
            const std::size_t i = data.index(n, c, 2 * h + dh, 2 * w + dw, s.size);
            if (truth.relu(static_cast<double>(data.x[i])) >
                truth.relu(static_cast<double>(data.x[chosen]))) {
              chosen = i;
            }
          }
          const auto x = static_cast<double>(data.x[chosen]);
          const std::size_t pooled = data.index(n, c, h, w, half);
          ASSERT_NEAR(static_cast<double>(y[pooled]), kept * truth.relu(x), 2 * kept * truth.error(x));
          const double g = truth.relu(x) > 0 ? kept * static_cast<double>(data.pooled_dy[pooled]) : 0;
          gradient[chosen] = g;
          sum += g;
          product += g * truth.normalized(x);
          magnitude +=
              std::abs(g * truth.normalized(x)) + std::abs(g * truth.mean * truth.invstd) + std::abs(g);
        }
      }
    }
    EXPECT_NEAR(static_cast<double>(run.dbias[static_cast<std::size_t>(c)]), sum, 2 * rounding * magnitude);
    EXPECT_NEAR(static_cast<double>(run.dweight[static_cast<std::size_t>(c)]), product,
                4 * rounding * magnitude);
    const double count = static_cast<double>(s.n * s.size * s.size);
    for (std::int64_t n = 0; n < s.n; ++n) {
      for (std::int64_t h = 0; h < s.size; ++h) {
        for (std::int64_t w = 0; w < s.size; ++w) {
          const std::size_t i = data.index(n, c, h, w, s.size);
          const double xhat = truth.normalized(static_cast<double>(data.x[i]));
          const double expected =
              truth.weight * truth.invstd * (gradient[i] - sum / count - xhat * product / count);
          const double terms =
              std::abs(truth.weight) * truth.invstd *
              (std::abs(gradient[i]) +
               (1 + std::abs(xhat) + std::abs(truth.mean * truth.invstd)) * magnitude / count);
          ASSERT_NEAR(static_cast<double>(dx[i]), expected, 8 * rounding * terms) << "channel " << c;
        }
      }
    }
  }
}

TEST_P(BatchNorm, GivesTheSameBitsForAnyNumberOfThreads) {
  std::vector<std::vector<float>> results;
  for (const int threads : {1, 2, 3}) {
    team.size = threads;
    Data data(GetParam().shape);
    KernelRun run(data.shape);
    run.statistics(data);
    normalize_relu_pool_backward(team, data.shape, BatchSlices(data.shape.n), floats(data.pooled_dy),
                                 data.weight.data(), run.channels, data.keep.data(), floats(data.x),
                                 run.dweight.data(), run.dbias.data(), run.partial);
    std::vector<float>& all = results.emplace_back(run.numbers);
    for (const auto* more : {&data.x, &data.running_mean, &data.running_var, &run.dweight, &run.dbias}) {
      all.insert(all.end(), more->begin(), more->end());
    }
  }
  EXPECT_EQ(results[0], results[1]);
  EXPECT_EQ(results[0], results[2]);
}

TEST_P(BatchNorm, LetsNotANumberThrough) {
  Data data(GetParam().shape);
  const ActivationShape& s = data.shape;
  KernelRun run(s);
  run.statistics(data);
  for (const auto& [h, w] : {std::pair{0, 0}, {0, 1}, {1, 0}, {1, 1}}) {
    std::vector<float> x = data.x;
    x[data.index(0, 2, h, w, s.size)] = std::numeric_limits<float>::quiet_NaN();
    std::vector<float> y(x.size());
    normalize_relu_forward(team, s, floats(x), run.channels, floats(y));
    EXPECT_TRUE(std::isnan(y[data.index(0, 2, h, w, s.size)]));
    std::vector<float> pooled(x.size() / 4);
    normalize_relu_pool_forward(team, s, floats(x), run.channels, data.keep.data(), floats(pooled));
    EXPECT_TRUE(std::isnan(pooled[data.index(0, 2, 0, 0, s.size / 2)]));
    max_pool_forward(team, s, floats(x), floats(pooled));
    EXPECT_TRUE(std::isnan(pooled[data.index(0, 2, 0, 0, s.size / 2)]));
  }
}

std::vector<Case> cases() {
  std::vector<Case> all;
  for (const std::int64_t target :
       {std::int64_t{HWY_AVX3}, std::int64_t{HWY_AVX2}, std::int64_t{HWY_SSE4}, std::int64_t{HWY_SCALAR}}) {
    for (const std::int64_t block : {16, 8}) {
      if (target == HWY_AVX3 && block == 8) continue;  // a block is at least a vector
      all.push_back({target, {3, 2 * block, 10, block}});
      all.push_back({target, {1, block, 2, block}});
      all.push_back({target, {2, 3 * block, 16, block}});
    }
  }
  return all;
}

INSTANTIATE_TEST_SUITE_P(Each, BatchNorm, testing::ValuesIn(cases()), [](const auto& parameter) {
  const Case& c = parameter.param;
  return std::string(hwy::TargetName(c.target)) + "_block" + std::to_string(c.shape.block) + "_n" +
         std::to_string(c.shape.n) + "_size" + std::to_string(c.shape.size);
});

}  // namespace
}  // namespace bart
