// Winograd's algorithm against the definition of a convolution in double, with a bound that follows from the
// algorithm: each number of a transformed tile or filter is rounded once or a few times, and what comes of
// that in the result is the same sum with absolute values.
#include "winograd.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <random>
#include <vector>

#include "activations.h"
#include "batch_norm.h"
#include "batch_norm_kernels.h"

namespace bart {
namespace {

Team team{2};  // the tests of what does not depend on the number of threads change it

const auto block = static_cast<std::int64_t>(preferred_block());

struct Case {
  WinogradShape shape;
  Precision precision;
};

float rounded(float value, Precision precision) {
  if (precision == Precision::f32) return value;
  const auto bits = std::bit_cast<std::uint32_t>(value);
  return std::bit_cast<float>((bits + 0x7fff + (bits >> 16 & 1)) & 0xffff0000);
}

/// ActivationArray as both the kernels and the definition see them.
struct Field {
  std::int64_t n, channels, size;
  Precision precision;
  std::vector<float> plain;         // [N, C, H, W]
  std::vector<std::uint8_t> bytes;  // [N, C / B, H, W, B] in the precision

  Field(std::int64_t images, std::int64_t c, std::int64_t side, Precision p)
      : n(images),
        channels(c),
        size(side),
        precision(p),
        plain(static_cast<std::size_t>(n * c * side * side)),
        bytes(plain.size() * bytes_of(p)) {}

  std::size_t at(std::int64_t i, std::int64_t c, std::int64_t h, std::int64_t w) const {
    return static_cast<std::size_t>(((i * channels + c) * size + h) * size + w);
  }
  float value(std::int64_t i, std::int64_t c, std::int64_t h, std::int64_t w) const {
    return h < 0 || w < 0 || h >= size || w >= size ? 0 : plain[at(i, c, h, w)];
  }
  template <class Visit>
  void each(const Visit& visit) const {
    for (std::int64_t i = 0; i < n; ++i)
      for (std::int64_t c = 0; c < channels; ++c)
        for (std::int64_t h = 0; h < size; ++h)
          for (std::int64_t w = 0; w < size; ++w) visit(i, c, h, w);
  }
  std::uint8_t* place(std::int64_t i, std::int64_t c, std::int64_t h, std::int64_t w) {
    const std::int64_t index = (((i * channels + c) / block * size + h) * size + w) * block + c % block;
    return bytes.data() + static_cast<std::size_t>(index) * bytes_of(precision);
  }
  void fill(std::mt19937& generator, bool positive) {
    std::normal_distribution<float> normal;
    each([&](auto i, auto c, auto h, auto w) {
      const float v = normal(generator);
      const float x = rounded(positive ? std::max(v, 0.f) : v, precision);
      plain[at(i, c, h, w)] = x;
      const auto bytes_of_float = std::bit_cast<std::array<std::uint8_t, 4>>(x);
      std::copy_n(bytes_of_float.end() - bytes_of(precision), bytes_of(precision), place(i, c, h, w));
    });
  }
  void read_back() {
    each([&](auto i, auto c, auto h, auto w) {
      std::array<std::uint8_t, 4> bytes_of_float{};
      std::copy_n(place(i, c, h, w), bytes_of(precision), bytes_of_float.end() - bytes_of(precision));
      plain[at(i, c, h, w)] = std::bit_cast<float>(bytes_of_float);
    });
  }
};

/// [O / B, I / B, 3, 3, B, B]
std::size_t weight_at(const WinogradShape& s, std::int64_t o, std::int64_t i, std::int64_t h,
                      std::int64_t w) {
  const std::int64_t filter = ((o / block * (s.in / block) + i / block) * 3 + h) * 3 + w;
  return static_cast<std::size_t>((filter * block + i % block) * block + o % block);
}

/// The bound of a result's error: the largest factor by which the transforms enlarge rounding errors. The
/// sums of absolute values of a row of B^T are at most 4.5 (both ways 20), of A^T 4 (16), and those of G
/// below 1; a tile's number takes part with at most this multiple of its size.
constexpr double growth = 20 * 16;

double unit(Precision precision) {
  return precision == Precision::f32 ? 0x1p-24 : 0x1p-9;
}

struct Distance {
  double difference = 0, norm = 0, largest = 0, magnitude = 0;
  void add(double value, double truth) {
    difference += (value - truth) * (value - truth);
    norm += truth * truth;
    largest = std::max(largest, std::abs(value - truth));
    magnitude = std::max(magnitude, std::abs(truth));
  }
  double relative() const { return std::sqrt(difference / norm); }
};

class Winograd : public testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    if (!has_winograd(GetParam().precision)) GTEST_SKIP() << "this processor has no such vectors";
    team.size = 2;
    std::mt19937 generator(7);
    std::normal_distribution<float> normal(0, 0.05f);
    weights.resize(static_cast<std::size_t>(s.in * s.out * 9));
    for (float& w : weights) w = normal(generator);
    x.fill(generator, true);
    dy.fill(generator, false);
    bias.resize(static_cast<std::size_t>(s.out));
    for (float& b : bias) b = normal(generator);
  }
  /// Relative L2 distance. Rounding each transformed number once costs 12 units, measured for the points of
  /// this algorithm in double otherwise, half of it for each of the two operands. Adding up `terms` products
  /// in float32 rounds partial sums, whose root mean square is sqrt(k / terms) of the whole: sqrt(terms / 2)
  /// roundings of 1 / sqrt(3) units, grown by the same 6.
  double allowed(std::int64_t terms) const {
    return 12 * unit(precision) + 6 * std::sqrt(double(terms) / 6) * unit(Precision::f32);
  }

  WinogradShape s = GetParam().shape;
  Precision precision = GetParam().precision;
  Field x{s.n, s.in, s.size, precision}, dy{s.n, s.out, s.size, precision};
  std::vector<float> weights, bias;
};

std::vector<std::uint8_t> memory(std::size_t bytes) {
  return std::vector<std::uint8_t>(bytes, 0xff);  // NaN where something is read that was not written
}

TEST_P(Winograd, ForwardIsTheConvolution) {
  auto transformed = memory(winograd_weights_bytes(s, precision));
  auto scratch = memory(winograd_scratch_bytes(s, precision, team));
  Field y(s.n, s.out, s.size, precision);
  winograd_weights(team, s, precision, weights.data(), transformed.data());
  for (const bool relu : {false, true}) {
    winograd_convolve(team, s, precision, x.bytes.data(), transformed.data(),
                      {.bias = bias.data(), .relu = relu}, y.bytes.data(), scratch.data());
    y.read_back();
    Distance distance;
    y.each([&](auto n, auto o, auto h, auto w) {
      double sum = double(bias[static_cast<std::size_t>(o)]);
      for (std::int64_t i = 0; i < s.in; ++i)
        for (int a = 0; a < 3; ++a)
          for (int b = 0; b < 3; ++b)
            sum += double(x.value(n, i, h + a - 1, w + b - 1)) * double(weights[weight_at(s, o, i, a, b)]);
      distance.add(double(y.value(n, o, h, w)), relu ? std::max(sum, 0.0) : sum);
    });
    EXPECT_LE(distance.relative(), allowed(s.in));
    EXPECT_LE(distance.largest, growth * unit(precision) * distance.magnitude);
  }
}

TEST_P(Winograd, ForwardIsTheSameOnAnyNumberOfThreads) {
  auto transformed = memory(winograd_weights_bytes(s, precision));
  winograd_weights(team, s, precision, weights.data(), transformed.data());
  const auto output = [&] {
    auto scratch = memory(winograd_scratch_bytes(s, precision, team));
    Field y(s.n, s.out, s.size, precision);
    winograd_convolve(team, s, precision, x.bytes.data(), transformed.data(), {.bias = bias.data()},
                      y.bytes.data(), scratch.data());
    return std::vector(y.bytes.begin(), y.bytes.end());
  };
  team.size = 2;
  const auto expected = output();
  for (const int threads : {1, 3, 40}) {
    team.size = threads;
    EXPECT_TRUE(output() == expected) << threads << " threads";
  }
}

TEST_P(Winograd, BackwardDataIsItsGradient) {
  const WinogradShape turned{s.n, s.out, s.in, s.size};
  auto transformed = memory(winograd_weights_bytes(turned, precision));
  auto scratch = memory(winograd_scratch_bytes(turned, precision, team));
  Field dx(s.n, s.in, s.size, precision);
  winograd_turned_weights(team, s, precision, weights.data(), transformed.data());
  winograd_convolve(team, turned, precision, dy.bytes.data(), transformed.data(), {}, dx.bytes.data(),
                    scratch.data());
  dx.read_back();
  Distance distance;
  dx.each([&](auto n, auto i, auto h, auto w) {
    double sum = 0;
    for (std::int64_t o = 0; o < s.out; ++o)
      for (int a = 0; a < 3; ++a)
        for (int b = 0; b < 3; ++b)
          sum += double(dy.value(n, o, h - a + 1, w - b + 1)) * double(weights[weight_at(s, o, i, a, b)]);
    distance.add(double(dx.value(n, i, h, w)), sum);
  });
  EXPECT_LE(distance.relative(), allowed(s.out));
  EXPECT_LE(distance.largest, growth * unit(precision) * distance.magnitude);
}

TEST_P(Winograd, BackwardWeightsAreItsGradientOnAnyNumberOfThreads) {
  std::vector<float> gradients(weights.size());
  auto scratch = memory(winograd_gradient_scratch_bytes(s, precision, team));
  winograd_weight_gradient(team, s, precision, x.bytes.data(), {}, dy.bytes.data(), gradients.data(),
                           scratch.data());
  Distance distance;
  for (std::int64_t o = 0; o < s.out; ++o)
    for (std::int64_t i = 0; i < s.in; ++i)
      for (int a = 0; a < 3; ++a)
        for (int b = 0; b < 3; ++b) {
          double sum = 0;
          for (std::int64_t n = 0; n < s.n; ++n)
            for (std::int64_t h = 0; h < s.size; ++h)
              for (std::int64_t w = 0; w < s.size; ++w)
                sum += double(x.value(n, i, h + a - 1, w + b - 1)) * double(dy.value(n, o, h, w));
          distance.add(double(gradients[weight_at(s, o, i, a, b)]), sum);
        }
  EXPECT_LE(distance.relative(), allowed(s.n * s.size * s.size));
  for (const int threads : {1, 3, 40}) {
    team.size = threads;
    std::vector<float> again(weights.size());
    auto others = memory(winograd_gradient_scratch_bytes(s, precision, team));
    winograd_weight_gradient(team, s, precision, x.bytes.data(), {}, dy.bytes.data(), again.data(),
                             others.data());
    EXPECT_EQ(gradients, again) << threads << " threads";
  }
}

TEST_P(Winograd, NormalizesItsInputsAsIfTheyHadBeenBefore) {
  std::vector<float> scale(static_cast<std::size_t>(s.in)), shift(scale.size());
  for (std::size_t c = 0; c < scale.size(); ++c) {
    scale[c] = 0.5f + 0.1f * static_cast<float>(c % 7);
    shift[c] = 0.3f - 0.1f * static_cast<float>(c % 5);
  }
  std::vector<float> unused(scale.size());  // mean and invstd, which the forward pass passes over
  const SourceNormalization normalization{scale.data(), shift.data()};
  Field normalized(s.n, s.in, s.size, precision);
  normalize_relu_forward(team, {s.n, s.in, s.size, block}, {x.bytes.data(), precision},
                         {unused.data(), unused.data(), scale.data(), shift.data()},
                         {normalized.bytes.data(), precision});

  auto transformed = memory(winograd_weights_bytes(s, precision));
  auto scratch = memory(winograd_scratch_bytes(s, precision, team));
  winograd_weights(team, s, precision, weights.data(), transformed.data());
  Field fused(s.n, s.out, s.size, precision), apart(s.n, s.out, s.size, precision);
  winograd_convolve(team, s, precision, x.bytes.data(), transformed.data(), {.normalization = normalization},
                    fused.bytes.data(), scratch.data());
  winograd_convolve(team, s, precision, normalized.bytes.data(), transformed.data(), {}, apart.bytes.data(),
                    scratch.data());
  EXPECT_EQ(fused.bytes, apart.bytes);

  auto gradient_scratch = memory(winograd_gradient_scratch_bytes(s, precision, team));
  std::vector<float> of_fused(weights.size()), of_apart(weights.size());
  winograd_weight_gradient(team, s, precision, x.bytes.data(), normalization, dy.bytes.data(),
                           of_fused.data(), gradient_scratch.data());
  winograd_weight_gradient(team, s, precision, normalized.bytes.data(), {}, dy.bytes.data(), of_apart.data(),
                           gradient_scratch.data());
  EXPECT_EQ(of_fused, of_apart);
}

TEST_P(Winograd, PoolsAsIfItWereDoneAfterwards) {
  if (s.size % 2 != 0) GTEST_SKIP() << "only even sizes are pooled";
  auto transformed = memory(winograd_weights_bytes(s, precision));
  auto scratch = memory(winograd_scratch_bytes(s, precision, team));
  winograd_weights(team, s, precision, weights.data(), transformed.data());
  WinogradFusion fusion{.bias = bias.data(), .relu = true};
  Field y(s.n, s.out, s.size, precision);
  Field fused(s.n, s.out, s.size / 2, precision), apart(s.n, s.out, s.size / 2, precision);
  winograd_convolve(team, s, precision, x.bytes.data(), transformed.data(), fusion, y.bytes.data(),
                    scratch.data());
  max_pool_forward(team, {s.n, s.out, s.size, block}, {y.bytes.data(), precision},
                   {apart.bytes.data(), precision});
  fusion.pool = true;
  winograd_convolve(team, s, precision, x.bytes.data(), transformed.data(), fusion, fused.bytes.data(),
                    scratch.data());
  EXPECT_EQ(fused.bytes, apart.bytes);
}

TEST_P(Winograd, LetsNotANumberThrough) {
  const auto nan = std::bit_cast<std::array<std::uint8_t, 4>>(std::nanf(""));
  std::copy_n(nan.end() - bytes_of(precision), bytes_of(precision), x.place(0, 0, 0, 0));
  auto transformed = memory(winograd_weights_bytes(s, precision));
  auto scratch = memory(winograd_scratch_bytes(s, precision, team));
  Field y(s.n, s.out, s.size, precision);
  winograd_weights(team, s, precision, weights.data(), transformed.data());
  winograd_convolve(team, s, precision, x.bytes.data(), transformed.data(),
                    {.bias = bias.data(), .relu = true}, y.bytes.data(), scratch.data());
  y.read_back();
  EXPECT_TRUE(std::isnan(y.value(0, 0, 0, 0)));
}

INSTANTIATE_TEST_SUITE_P(
    Each, Winograd,
    testing::Values(Case{{2, 16, 16, 8}, Precision::f32}, Case{{1, 48, 16, 13}, Precision::f32},
                    Case{{3, 32, 64, 7}, Precision::f32}, Case{{1, 128, 256, 4}, Precision::f32},
                    Case{{5, 16, 48, 1}, Precision::f32}, Case{{2, 16, 16, 8}, Precision::bf16},
                    Case{{1, 48, 16, 13}, Precision::bf16}, Case{{3, 32, 64, 7}, Precision::bf16},
                    Case{{1, 128, 256, 4}, Precision::bf16}, Case{{5, 16, 48, 1}, Precision::bf16},
                    Case{{3, 32, 32, 40}, Precision::bf16}),
    [](const auto& parameter) {
      const WinogradShape& s = parameter.param.shape;
      return "n" + std::to_string(s.n) + "_" + std::to_string(s.in) + "_to_" + std::to_string(s.out) +
             "_size" + std::to_string(s.size) +
             (parameter.param.precision == Precision::f32 ? "_f32" : "_bf16");
    });

}  // namespace
}  // namespace bart
