// A fully connected layer for one picture against the definition in double.
#include "matrix_vector.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <random>
#include <vector>

namespace bart {
namespace {

constexpr Team two{2};

class MatrixVector : public testing::TestWithParam<MatrixShape> {
 protected:
  void SetUp() override {
    std::mt19937 generator(3);
    std::normal_distribution<float> normal;
    for (auto* values : {&weights, &x, &bias}) {
      for (float& value : *values) value = normal(generator);
    }
  }
  /// Of output o, and the sum of the absolute values of its products.
  std::pair<double, double> truth(std::int64_t o, bool bf16) const {
    double sum = double(bias[std::size_t(o)]), size = std::abs(sum);
    for (std::int64_t i = 0; i < s.in; ++i) {
      const double product = double(weight(o, i, bf16)) * double(x[std::size_t(i)]);
      sum += product;
      size += std::abs(product);
    }
    return {sum, size};
  }
  float weight(std::int64_t o, std::int64_t i, bool bf16) const {
    const float value = weights[std::size_t((o / s.block * s.in + i) * s.block + o % s.block)];
    if (!bf16) return value;
    const auto bits = std::bit_cast<std::uint32_t>(value);
    return std::bit_cast<float>((bits + 0x7fff + (bits >> 16 & 1)) & 0xffff0000);
  }
  std::vector<float> multiply(ActivationArray given, int threads) const {
    const Team team{threads};
    std::vector<float> y(std::size_t(s.out)), partial(multiply_vector_bytes(s) / sizeof(float), NAN);
    multiply_vector(team, s, given, x.data(), bias.data(), y.data(), partial.data());
    return y;
  }

  MatrixShape s = GetParam();
  std::vector<float> weights = std::vector<float>(std::size_t(s.in * s.out));
  std::vector<float> x = std::vector<float>(std::size_t(s.in)), bias = std::vector<float>(std::size_t(s.out));
};

TEST_P(MatrixVector, IsTheProductInEitherPrecisionOnAnyNumberOfThreads) {
  std::vector<Bf16> rounded(weights.size());
  round_weights(two, s.in * s.out, weights.data(), rounded.data());
  for (const bool bf16 : {false, true}) {
    const ActivationArray given{bf16 ? static_cast<void*>(rounded.data()) : weights.data(),
                                bf16 ? Precision::bf16 : Precision::f32};
    const std::vector<float> y = multiply(given, 2);
    for (std::int64_t o = 0; o < s.out; ++o) {
      const auto [sum, size] = truth(o, bf16);
      // Each of `in` additions and multiplications rounds what is at most the sum of absolute values.
      EXPECT_NEAR(double(y[std::size_t(o)]), sum, double(s.in + 1) * 0x1p-24 * size) << o;
    }
    EXPECT_EQ(multiply(given, 1), y);
    EXPECT_EQ(multiply(given, 3), y);
  }
}

INSTANTIATE_TEST_SUITE_P(Each, MatrixVector,
                         testing::Values(MatrixShape{16, 16, 16}, MatrixShape{37, 64, 32},
                                         MatrixShape{9000, 128, 64}, MatrixShape{1001, 256, 256}),
                         [](const auto& parameter) {
                           const MatrixShape& s = parameter.param;
                           return std::to_string(s.in) + "_to_" + std::to_string(s.out) + "_in_blocks_of_" +
                                  std::to_string(s.block);
                         });

}  // namespace
}  // namespace bart
