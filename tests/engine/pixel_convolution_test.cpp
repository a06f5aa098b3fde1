// The first layer from bytes against convolution, BatchNorm and ReLU one after the other in double precision,
// for every instruction set of this machine, both channel blocks and both precisions.
#include "pixel_convolution.h"

#include <gtest/gtest.h>
#include <hwy/targets.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "pixel_pictures.h"
#include "target_test.h"

namespace bart {
namespace {

Team team{2};  // the tests of what does not depend on the number of threads change it

constexpr double rounding = 0x1p-24;      // the relative error of one float32 operation
constexpr double bf16_rounding = 0x1p-8;  // and of one number stored as bfloat16
// The sum of a patch's 27 products rounds once for each, and begins with an offset that was rounded; each
// folded weight was rounded once.
constexpr double forward_roundings = 27 + 2;
// Gradients are added up in float over at most 128 pixels, with one rounding each; then in double.
constexpr double chain_roundings = 128;
// The variance is rounded twice, as a sum and divided by the count; the root halves that, and rounds.
constexpr double invstd_roundings = 2;

struct Case {
  std::int64_t target;  // of Highway, or 0: what the machine has
  ActivationShape shape;
  Precision precision;
  Fill fill;
};

/// A layer's parameters and what the kernels make of them.
struct PixelLayer {
  ActivationShape shape;
  Precision precision;
  Pictures pictures;
  std::vector<float> weights, conv_bias, weight, bias, running_mean, running_var, numbers, folded, offset;
  std::vector<float> dweights, dweight, dbias;
  std::vector<std::uint8_t> y_memory, dy_memory, mask_memory;
  BatchNormChannels channels;
  PatchMoments moments;

  explicit PixelLayer(const Case& c)
      : shape(c.shape), precision(c.precision), pictures(c.shape.n, c.shape.size, c.fill) {
    Mt19937 words(5);
    const auto draw = [&](std::vector<float>& values, std::int64_t count, int steps) {
      values.resize(static_cast<std::size_t>(count));
      for (float& value : values) {
        value =
            static_cast<float>(static_cast<int>(words.next() % static_cast<unsigned>(2 * steps)) - steps) /
            64;
      }
    };
    draw(weights, shape.channels * 27, 32);
    for (auto* values : {&conv_bias, &weight, &bias, &running_mean, &running_var}) {
      draw(*values, shape.channels, 64);
    }
    for (auto* values : {&folded, &dweights}) values->resize(weights.size());
    for (auto* values : {&offset, &dweight, &dbias}) values->resize(weight.size());
    numbers.resize(4 * weight.size());
    float* at = numbers.data();
    channels = {at, at + shape.channels, at + 2 * shape.channels, at + 3 * shape.channels};
    y_memory.resize(static_cast<std::size_t>(shape.count()) * bytes_of(precision) + 64);
    dy_memory.resize(y_memory.size());
    mask_memory.assign(pixel_mask_bytes(shape) + 64, 0xff);
    for (std::int64_t i = 0; i < shape.count(); ++i) {
      put(dy(), i, static_cast<float>(static_cast<int>(words.next() % 128) - 64) / 64);
    }
  }

  ActivationArray y() { return {aligned(y_memory), precision}; }
  ActivationArray dy() { return {aligned(dy_memory), precision}; }
  std::uint8_t* mask() { return static_cast<std::uint8_t*>(aligned(mask_memory)); }

  static void put(ActivationArray to, std::int64_t i, float value) {
    if (to.precision == Precision::f32) {
      static_cast<float*>(to.data)[i] = value;
    } else {
      static_cast<Bf16*>(to.data)[i] = {
          static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(value) >> 16)};
    }
  }
  static float get(ActivationArray from, std::int64_t i) {
    if (from.precision == Precision::f32) return static_cast<float*>(from.data)[i];
    return std::bit_cast<float>(std::uint32_t{static_cast<Bf16*>(from.data)[i].bits} << 16);
  }
  bool bit(std::int64_t i) { return (mask()[i / 8] >> i % 8 & 1) != 0; }

  std::int64_t index(std::int64_t n, std::int64_t c, std::int64_t h, std::int64_t w) const {
    const std::int64_t blocks = shape.channels / shape.block;
    return (((n * blocks + c / shape.block) * shape.size + h) * shape.size + w) * shape.block +
           c % shape.block;
  }
  std::size_t weight_index(std::int64_t c, std::size_t e) const {
    return static_cast<std::size_t>((c / shape.block * 27 + static_cast<std::int64_t>(e)) * shape.block +
                                    c % shape.block);
  }

  /// Calls visit(patch, index of the output) for each output of a channel.
  template <class Visit>
  void each_output(std::int64_t c, const Visit& visit) const {
    for (std::int64_t n = 0; n < shape.n; ++n) {
      for (std::int64_t h = 0; h < shape.size; ++h) {
        for (std::int64_t w = 0; w < shape.size; ++w) visit(pictures.patch(n, h, w), index(n, c, h, w));
      }
    }
  }

  void statistics() {
    std::vector<std::uint8_t> memory(patch_moments_scratch_bytes(shape.size, team) + 64, 0xff);
    moments = patch_moments(team, pictures.pointers(), shape.size, aligned(memory));
    pixel_convolution_statistics(team, shape, moments, weights.data(), conv_bias.data(), weight.data(),
                                 bias.data(), running_mean.data(), running_var.data(), channels);
    fold_pixel_convolution(shape, weights.data(), conv_bias.data(), channels, folded.data(), offset.data());
  }
  void forward(std::uint8_t* mask_to) {
    std::vector<std::uint8_t> memory(pixel_convolution_scratch_bytes(shape, team) + 64, 0xff);
    pixel_convolution_forward(team, shape, pictures.pointers(), folded.data(), offset.data(), y(), mask_to,
                              aligned(memory));
  }
  void backward() {
    std::vector<std::uint8_t> memory(
        pixel_convolution_gradient_scratch_bytes(shape, BatchSlices(shape.n), team) + 64, 0xff);
    const BatchSlices slices(shape.n);
    pixel_convolution_gradient_sums(team, shape, slices, pictures.pointers(), 0, 0, dy(), mask(),
                                    aligned(memory));
    pixel_convolution_gradients(team, shape, slices, moments, weights.data(), weight.data(), channels,
                                dweights.data(), dweight.data(), dbias.data(), aligned(memory));
  }
};

/// One channel's convolution in double, and its statistics in two passes.
struct Channel {
  const PixelLayer& layer;
  std::int64_t c;
  double count, bias, mean = 0, variance = 0, magnitude = 0, invstd;

  Channel(const PixelLayer& from, std::int64_t channel)
      : layer(from),
        c(channel),
        count(static_cast<double>(from.shape.n * from.shape.size * from.shape.size)),
        bias(static_cast<double>(from.conv_bias[static_cast<std::size_t>(channel)])) {
    layer.each_output(c, [&](const Patch& patch, std::int64_t) { mean += convolved(patch) / count; });
    layer.each_output(c, [&](const Patch& patch, std::int64_t) {
      variance += (convolved(patch) - mean) * (convolved(patch) - mean) / count;
      magnitude = std::max(magnitude, std::abs(convolved(patch)));
    });
    invstd = 1 / std::sqrt(variance + batch_norm_eps);
  }
  double filter(std::size_t e) const { return static_cast<double>(layer.weights[layer.weight_index(c, e)]); }
  double convolved(const Patch& patch) const {
    double sum = bias;
    for (std::size_t e = 0; e < patch.size(); ++e) sum += filter(e) * static_cast<double>(patch[e]) / 255;
    return sum;
  }
  double normalized(const Patch& patch) const { return (convolved(patch) - mean) * invstd; }
  /// An error of doubles: of numbers as large as the outputs, next to what floats round.
  double double_error() const { return 0x1p-40 * magnitude; }
};

class PixelConvolution : public TargetTest<Case> {};

TEST_P(PixelConvolution, StatisticsAreThoseOfTheOutputs) {
  const PixelLayer before(GetParam());
  PixelLayer layer(GetParam());
  layer.statistics();
  for (std::int64_t c = 0; c < layer.shape.channels; ++c) {
    const auto i = static_cast<std::size_t>(c);
    const Channel truth(layer, c);
    EXPECT_NEAR(static_cast<double>(layer.channels.mean[c]), truth.mean,
                rounding * std::abs(truth.mean) + truth.double_error());
    EXPECT_NEAR(static_cast<double>(layer.channels.invstd[c]), truth.invstd,
                (invstd_roundings * rounding + truth.double_error()) * truth.invstd);
    const auto invstd = static_cast<double>(layer.channels.invstd[c]);
    const auto weight = static_cast<double>(layer.weight[i]);
    EXPECT_NEAR(static_cast<double>(layer.channels.scale[c]), weight * invstd,
                rounding * std::abs(weight) * invstd);
    const double mean = 0.9 * static_cast<double>(before.running_mean[i]) + 0.1 * truth.mean;
    const double unbiased = truth.variance * truth.count / std::max(truth.count - 1, 1.0);
    const double variance = 0.9 * static_cast<double>(before.running_var[i]) + 0.1 * unbiased;
    EXPECT_NEAR(static_cast<double>(layer.running_mean[i]), mean,
                rounding * (std::abs(mean) + 0.1 * std::abs(truth.mean)) + truth.double_error());
    EXPECT_NEAR(static_cast<double>(layer.running_var[i]), variance,
                rounding * (std::abs(variance) + 0.1 * unbiased) + truth.double_error());
  }
}

TEST_P(PixelConvolution, ForwardIsConvolutionNormalizationAndRelu) {
  PixelLayer layer(GetParam());
  layer.statistics();
  layer.forward(layer.mask());
  for (std::int64_t c = 0; c < layer.shape.channels; ++c) {
    const Channel truth(layer, c);
    const auto scale = static_cast<double>(layer.channels.scale[c]);
    const auto shift = static_cast<double>(layer.channels.shift[c]);
    layer.each_output(c, [&](const Patch& patch, std::int64_t i) {
      const double expected = std::max(0.0, truth.convolved(patch) * scale + shift);
      double terms = std::abs(truth.bias * scale) + std::abs(shift);
      for (std::size_t e = 0; e < patch.size(); ++e) {
        terms += std::abs(truth.filter(e) * static_cast<double>(patch[e]) / 255 * scale);
      }
      const double error = forward_roundings * rounding * terms;
      const double stored = layer.precision == Precision::bf16 ? bf16_rounding * (expected + error) : 0;
      const float y = PixelLayer::get(layer.y(), i);
      ASSERT_NEAR(static_cast<double>(y), expected, error + stored) << "channel " << c;
      ASSERT_EQ(layer.bit(i), y > 0) << "channel " << c;
    });
  }
}

TEST_P(PixelConvolution, ForwardWithoutAMaskGivesTheSame) {
  PixelLayer layer(GetParam());
  layer.statistics();
  layer.forward(layer.mask());
  const std::vector<std::uint8_t> mask = layer.mask_memory;
  const std::vector<std::uint8_t> y = layer.y_memory;
  std::ranges::fill(layer.y_memory, std::uint8_t{0});
  layer.forward(nullptr);
  const auto bytes =
      static_cast<std::ptrdiff_t>(static_cast<std::size_t>(layer.shape.count()) * bytes_of(layer.precision));
  const auto* again = static_cast<std::uint8_t*>(layer.y().data);
  const auto* first = y.data() + (again - layer.y_memory.data());
  EXPECT_TRUE(std::equal(again, again + bytes, first));
  EXPECT_EQ(layer.mask_memory, mask);
}

TEST_P(PixelConvolution, GradientsAreThoseThroughTheBatchStatistics) {
  PixelLayer layer(GetParam());
  layer.statistics();
  layer.forward(layer.mask());
  layer.backward();
  for (std::int64_t c = 0; c < layer.shape.channels; ++c) {
    const auto channel = static_cast<std::size_t>(c);
    const Channel truth(layer, c);
    const auto weight = static_cast<double>(layer.weight[channel]);
    const auto gradient = [&](std::int64_t i) {
      return layer.bit(i) ? static_cast<double>(PixelLayer::get(layer.dy(), i)) : 0.0;
    };
    // Of g and g * xhat, and what their floats may be wrong by: each product of g and a byte with the
    // roundings of its chain, times the filter; and so the product with the mean, which is subtracted.
    double sum = 0, product = 0, magnitude = 0, product_error = 0;
    std::array<double, 27> patch_mean{};
    layer.each_output(c, [&](const Patch& patch, std::int64_t i) {
      const double g = gradient(i);
      sum += g;
      magnitude += std::abs(g);
      product += g * truth.normalized(patch);
      for (std::size_t e = 0; e < patch.size(); ++e) {
        patch_mean[e] += static_cast<double>(patch[e]) / truth.count;
        product_error += chain_roundings * rounding * truth.invstd * std::abs(g * truth.filter(e)) *
                         static_cast<double>(patch[e]) / 255;
      }
    });
    for (std::size_t e = 0; e < patch_mean.size(); ++e) {
      product_error += chain_roundings * rounding * truth.invstd * magnitude * std::abs(truth.filter(e)) *
                       patch_mean[e] / 255;
    }
    const double invstd_error = invstd_roundings * rounding + truth.double_error();
    const double doubles = truth.double_error() * truth.invstd * magnitude;
    product_error += (rounding + invstd_error) * std::abs(product) + doubles;
    EXPECT_NEAR(static_cast<double>(layer.dbias[channel]), sum, chain_roundings * rounding * magnitude);
    EXPECT_NEAR(static_cast<double>(layer.dweight[channel]), product, product_error);

    std::array<double, 27> dweights{}, reach{}, slope_reach{};
    const double gain = weight * truth.invstd;
    layer.each_output(c, [&](const Patch& patch, std::int64_t i) {
      const double xhat = truth.normalized(patch);
      const double d = gain * (gradient(i) - sum / truth.count - xhat * product / truth.count);
      for (std::size_t e = 0; e < patch.size(); ++e) {
        const double x = static_cast<double>(patch[e]) / 255;
        dweights[e] += d * x;
        reach[e] += std::abs(gain) * (std::abs(gradient(i)) + magnitude / truth.count) * x;
        slope_reach[e] += std::abs(gain * xhat) * x / truth.count;
      }
    });
    for (std::size_t e = 0; e < dweights.size(); ++e) {
      // invstd enters once as a factor of all, once of xhat and once of its mean product.
      const double error = (chain_roundings * rounding + 2 * invstd_error + rounding) * reach[e] +
                           slope_reach[e] * (product_error + 4 * invstd_error * std::abs(product)) +
                           truth.double_error() * (reach[e] + slope_reach[e] * std::abs(product));
      ASSERT_NEAR(static_cast<double>(layer.dweights[layer.weight_index(c, e)]), dweights[e], error)
          << "channel " << c << " element " << e;
    }
  }
}

TEST_P(PixelConvolution, GivesTheSameBitsForAnyNumberOfThreads) {
  std::vector<std::vector<float>> results;
  std::vector<std::vector<std::uint8_t>> masks;
  for (const int threads : {1, 2, 3}) {
    team.size = threads;
    PixelLayer layer(GetParam());
    layer.statistics();
    layer.forward(layer.mask());
    layer.backward();
    std::vector<float>& all = results.emplace_back(layer.numbers);
    for (const auto* more : {&layer.running_mean, &layer.running_var, &layer.folded, &layer.offset,
                             &layer.dweights, &layer.dweight, &layer.dbias}) {
      all.insert(all.end(), more->begin(), more->end());
    }
    for (std::int64_t i = 0; i < layer.shape.count(); ++i) all.push_back(PixelLayer::get(layer.y(), i));
    masks.emplace_back(layer.mask(), layer.mask() + pixel_mask_bytes(layer.shape));
  }
  EXPECT_EQ(results[0], results[1]);
  EXPECT_EQ(results[0], results[2]);
  EXPECT_EQ(masks[0], masks[1]);
  EXPECT_EQ(masks[0], masks[2]);
}

TEST_P(PixelConvolution, LetsNotANumberThrough) {
  PixelLayer layer(GetParam());
  layer.statistics();
  layer.offset[2] = std::numeric_limits<float>::quiet_NaN();
  layer.forward(layer.mask());
  for (std::int64_t c : {1, 2, 3}) {
    const std::int64_t i = layer.index(0, c, layer.shape.size - 1, layer.shape.size - 1);
    EXPECT_EQ(std::isnan(PixelLayer::get(layer.y(), i)), c == 2);
    EXPECT_EQ(layer.bit(i), PixelLayer::get(layer.y(), i) > 0);
  }
}

std::vector<Case> cases() {
  std::vector<Case> all;
  for (const std::int64_t target :
       {std::int64_t{HWY_AVX3}, std::int64_t{HWY_AVX2}, std::int64_t{HWY_SSE4}, std::int64_t{HWY_SCALAR}}) {
    for (const std::int64_t block : {16, 8}) {
      if (target == HWY_AVX3 && block == 8) continue;  // a block is at least a vector
      for (const Precision precision : {Precision::f32, Precision::bf16}) {
        all.push_back({target, {1, block, 5, block}, precision, Fill::random});
        all.push_back({target, {3, 2 * block, 5, block}, precision, Fill::random});
        all.push_back({target, {3, 3 * block, 33, block}, precision, Fill::random});
        all.push_back({target, {1, block, 150, block}, precision, Fill::random});  // two chains of floats
        all.push_back({target, {2, 2 * block, 8, block}, precision, Fill::black});
        all.push_back({target, {2, 2 * block, 8, block}, precision, Fill::white});
      }
    }
  }
  return all;
}

INSTANTIATE_TEST_SUITE_P(Each, PixelConvolution, testing::ValuesIn(cases()), [](const auto& parameter) {
  const Case& c = parameter.param;
  return std::string(hwy::TargetName(c.target)) + "_block" + std::to_string(c.shape.block) + "_n" +
         std::to_string(c.shape.n) + "_size" + std::to_string(c.shape.size) + "_" + name_of(c.fill) +
         (c.precision == Precision::bf16 ? "_bf16" : "_f32");
});

}  // namespace
}  // namespace bart
