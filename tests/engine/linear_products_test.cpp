// The products of a fully connected layer against their definitions in double.
#include "linear_products.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "target_test.h"

namespace bart {
namespace {

struct Case {
  std::int64_t n, in, out;
  std::int64_t target;  // Highway's; 0: the best that there is
};

using Floats = std::vector<float>;

Floats random_floats(std::int64_t count, unsigned seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> normal;
  Floats values(static_cast<std::size_t>(count));
  for (float& value : values) value = normal(generator);
  return values;
}

float as_bf16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  return std::bit_cast<float>((bits + 0x7fff + (bits >> 16 & 1)) & 0xffff0000);
}

class LinearProducts : public TargetTest<Case> {
 protected:
  const Case& c = GetParam();
  const LinearPanels s{c.in, c.out};
  const Floats x = random_floats(c.n * c.in, 1), dy = random_floats(c.n * c.out, 2),
               rows = random_floats(c.out * c.in, 3), bias = random_floats(c.out, 4);
  Floats weights = Floats(rows.size());

  void SetUp() override {
    TargetTest::SetUp();
    const std::int64_t half = c.out / 2;
    rows_to_panels(Team{2}, s, 0, half, rows.data(), weights.data());
    rows_to_panels(Team{2}, s, half, c.out - half, rows.data() + half * c.in, weights.data());
  }
  Floats scratch(const Team& team) const {
    return Floats(linear_scratch_bytes(s, c.n, team) / sizeof(float), NAN);
  }
  /// `value` is the sum of `count` products a(k) * b(k) and of `more`, up to the rounding of each step.
  template <class A, class B>
  static void expect_sum(float value, std::int64_t count, float more, const A& a, const B& b) {
    double sum = static_cast<double>(more), size = std::abs(sum);
    for (std::int64_t k = 0; k < count; ++k) {
      const double product = static_cast<double>(a(k)) * static_cast<double>(b(k));
      sum += product;
      size += std::abs(product);
    }
    EXPECT_NEAR(static_cast<double>(value), sum, static_cast<double>(count + 1) * 0x1p-24 * size);
  }
  static const float& at(const Floats& matrix, std::int64_t width, std::int64_t row, std::int64_t column) {
    return matrix[static_cast<std::size_t>(row * width + column)];
  }
};

TEST_P(LinearProducts, ForwardInEitherPrecisionOfTheWeights) {
  std::vector<Bf16> rounded(weights.size());
  round_weights(Team{2}, c.in * c.out, weights.data(), rounded.data());
  for (const bool bf16 : {false, true}) {
    const ActivationArray given{bf16 ? static_cast<void*>(rounded.data()) : weights.data(),
                                bf16 ? Precision::bf16 : Precision::f32};
    Floats first;
    for (const int threads : {2, 1, 3}) {
      const Team team{threads};
      Floats y(static_cast<std::size_t>(c.n * c.out), NAN), room = scratch(team);
      linear_forward(team, s, c.n, x.data(), given, bias.data(), y.data(), room.data());
      if (!first.empty()) {
        EXPECT_EQ(y, first) << threads << " threads";
        continue;
      }
      first = y;
      for (std::int64_t n = 0; n < c.n; ++n) {
        for (std::int64_t o = 0; o < c.out; ++o) {
          expect_sum(
              at(y, c.out, n, o), c.in, bias[static_cast<std::size_t>(o)],
              [&](std::int64_t i) { return at(x, c.in, n, i); },
              [&](std::int64_t i) { return bf16 ? as_bf16(at(rows, c.in, o, i)) : at(rows, c.in, o, i); });
        }
      }
    }
  }
}

TEST_P(LinearProducts, ForwardOfAPictureAloneGivesTheSameBits) {
  const ActivationArray given{weights.data(), Precision::f32};
  const Team team{2};
  Floats together(static_cast<std::size_t>(c.n * c.out)), room = scratch(team);
  linear_forward(team, s, c.n, x.data(), given, bias.data(), together.data(), room.data());
  for (std::int64_t n = 0; n < c.n; ++n) {
    Floats alone(static_cast<std::size_t>(c.out)),
        own_room(linear_scratch_bytes(s, 1, team) / sizeof(float), NAN);
    linear_forward(team, s, 1, x.data() + n * c.in, given, bias.data(), alone.data(), own_room.data());
    for (std::int64_t o = 0; o < c.out; ++o) {
      EXPECT_EQ(alone[static_cast<std::size_t>(o)], at(together, c.out, n, o))
          << "picture " << n << ", output " << o;
    }
  }
}

TEST_P(LinearProducts, BackwardData) {
  Floats first;
  for (const int threads : {2, 1}) {
    Floats dx(static_cast<std::size_t>(c.n * c.in), NAN);
    linear_backward_data(Team{threads}, s, c.n, dy.data(), weights.data(), dx.data());
    if (!first.empty()) {
      EXPECT_EQ(dx, first);
      continue;
    }
    first = dx;
    for (std::int64_t n = 0; n < c.n; ++n) {
      for (std::int64_t i = 0; i < c.in; ++i) {
        expect_sum(
            at(dx, c.in, n, i), c.out, 0, [&](std::int64_t o) { return at(dy, c.out, n, o); },
            [&](std::int64_t o) { return at(rows, c.in, o, i); });
      }
    }
  }
}

TEST_P(LinearProducts, BackwardWeights) {
  Floats first;
  for (const int threads : {2, 1}) {
    const Team team{threads};
    Floats dweights(weights.size(), NAN), dbias(static_cast<std::size_t>(c.out), NAN), room = scratch(team);
    linear_backward_weights(team, s, c.n, x.data(), dy.data(), dweights.data(), dbias.data(), room.data());
    Floats drows(rows.size());
    rows_from_panels(Team{2}, s, 0, c.out, dweights.data(), drows.data());
    if (!first.empty()) {
      EXPECT_EQ(drows, first);
      continue;
    }
    first = drows;
    for (std::int64_t o = 0; o < c.out; ++o) {
      for (std::int64_t i = 0; i < c.in; ++i) {
        expect_sum(
            at(drows, c.in, o, i), c.n, 0, [&](std::int64_t n) { return at(dy, c.out, n, o); },
            [&](std::int64_t n) { return at(x, c.in, n, i); });
      }
      expect_sum(
          dbias[static_cast<std::size_t>(o)], c.n, 0, [&](std::int64_t n) { return at(dy, c.out, n, o); },
          [](std::int64_t) { return 1.f; });
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Each, LinearProducts,
                         testing::Values(Case{1, 16, 5, 0}, Case{32, 512, 128, 0}, Case{7, 128, 42, 0},
                                         Case{5, 1088, 130, 0}, Case{3, 96, 4, 0}, Case{1, 4096, 512, 0},
                                         Case{7, 128, 42, HWY_AVX2}, Case{5, 1088, 130, HWY_AVX2},
                                         Case{3, 1024, 300, 0}, Case{7, 208, 9, HWY_SSE4}),
                         [](const auto& parameter) {
                           const Case& c = parameter.param;
                           return std::to_string(c.n) + "_pictures_" + std::to_string(c.in) + "_to_" +
                                  std::to_string(c.out) +
                                  (c.target == 0 ? "" : "_" + std::string(hwy::TargetName(c.target)));
                         });

}  // namespace
}  // namespace bart
