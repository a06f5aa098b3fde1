#include "adam.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "bart/random/mt19937.h"
#include "two_threads.h"

namespace bart {
namespace {

TEST(Adam, TakesTheStepsOfTheDoublePrecisionFormula) {
  // Kingma & Ba 2015, algorithm 1, in double. A step is at most about lr long whatever the gradient's size,
  // and each of its eight roundings moves it by at most 2^-24 of itself: so does adding it to the parameter.
  constexpr std::int64_t count = 48;
  constexpr double lr = 1e-3;
  std::vector<float> parameter(count), gradient(count), exp_avg(count), exp_avg_sq(count);
  std::vector<double> truth(count), m(count), v(count);
  Mt19937 words(1);
  for (std::size_t i = 0; i < count; ++i) {
    parameter[i] = static_cast<float>(words.next()) * 0x1p-32f - 0.5f;
    truth[i] = static_cast<double>(parameter[i]);
  }
  for (int step = 1; step <= 50; ++step) {
    for (std::size_t i = 0; i < count; ++i) {
      gradient[i] = std::ldexp(static_cast<float>(words.next()) * 0x1p-32f - 0.5f, -static_cast<int>(i % 24));
      const auto g = static_cast<double>(gradient[i]);
      m[i] = 0.9 * m[i] + 0.1 * g;
      v[i] = 0.999 * v[i] + 0.001 * g * g;
      const double corrected = v[i] / (1 - std::pow(0.999, step));
      truth[i] -= lr * (m[i] / (1 - std::pow(0.9, step))) / (std::sqrt(corrected) + 1e-8);
    }
    adam_step(two_threads, count, step, {.learning_rate = lr}, gradient.data(), exp_avg.data(),
              exp_avg_sq.data(), parameter.data());
    for (std::size_t i = 0; i < count; ++i) {
      // Moments carry relative roundings along, against which a sum with changing signs can cancel.
      const double bound = step * (0x1p-24 * std::abs(truth[i]) + 64 * 0x1p-24 * lr);
      EXPECT_NEAR(static_cast<double>(parameter[i]), truth[i], bound) << "step " << step << ", " << i;
    }
  }
}

TEST(Adam, LeavesPaddingAtZero) {
  std::vector<float> zero(16), parameter(16), exp_avg(16), exp_avg_sq(16);
  for (int step = 1; step <= 3; ++step) {
    adam_step(two_threads, 16, step, {.learning_rate = 1e-3}, zero.data(), exp_avg.data(), exp_avg_sq.data(),
              parameter.data());
  }
  EXPECT_EQ(parameter, zero);
}

}  // namespace
}  // namespace bart
