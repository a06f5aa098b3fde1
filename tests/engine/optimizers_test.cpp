// Golden: tests/goldens/make_optimizers.py, PyTorch.
#include <gtest/gtest.h>
#include <zlib.h>

#include <bit>
#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "adam.h"
#include "bart/random/mt19937.h"
#include "golden.h"
#include "sgd.h"
#include "two_threads.h"

namespace bart {
namespace {

constexpr std::int64_t count = 48;
using Values = std::vector<float>;

/// Takes the golden's 50 steps and compares the parameters with PyTorch's. Where every operation is rounded
/// as PyTorch rounds it they are equal. A vector without fused multiply-adds (before AVX2) rounds a product
/// more in each step, of which none is larger than `step_size`, the most that a parameter moves in a step.
void expect_torchs_steps(
    const std::string& name, double step_size,
    const std::function<void(int step, const Values& gradient, Values& parameter)>& take) {
  Mt19937 words(1);
  const auto draw = [&] { return static_cast<float>(words.next()) * 0x1p-32f - 0.5f; };
  Values parameter(count), gradient(count);
  for (float& value : parameter) value = draw();
  for (int step = 1; step <= 50; ++step) {
    for (std::size_t i = 0; i < count; ++i) gradient[i] = std::ldexp(draw(), -static_cast<int>(i % 24));
    take(step, gradient, parameter);
    for (const auto& row : test::read_golden("optimizers.tsv")) {
      if (row[0] != name || std::stoi(row[1]) != step) continue;
      for (std::size_t i = 0; i < count; ++i) {
        const auto expected =
            std::bit_cast<float>(static_cast<std::uint32_t>(std::stoul(row[2 + i], nullptr, 16)));
        const double bound = step * 0x1p-23 * (std::abs(static_cast<double>(expected)) + step_size);
        EXPECT_NEAR(parameter[i], expected, bound) << name << ", step " << step << ", " << i;
      }
    }
  }
}

TEST(Optimizers, AdamWTakesTorchsSteps) {
  for (const auto& [name, decay] : {std::pair("adamw", 0.05), std::pair("adamw_without_decay", 0.0)}) {
    Values exp_avg(count), exp_avg_sq(count);
    expect_torchs_steps(name, 2e-3, [&, decay = decay](int step, const Values& gradient, Values& parameter) {
      adam_step(two_threads, count, step,
                {.learning_rate = 2e-3, .beta1 = 0.9, .beta2 = 0.99, .weight_decay = decay}, gradient.data(),
                exp_avg.data(), exp_avg_sq.data(), parameter.data());
    });
  }
}

TEST(Optimizers, SgdTakesTorchsSteps) {
  Values momentum(count);
  // A gradient of at most 0.5 in every step piles up to 10 times itself.
  expect_torchs_steps("sgd", 0.05 * 0.5 * 10, [&](int, const Values& gradient, Values& parameter) {
    sgd_step(two_threads, count, {.learning_rate = 0.05, .momentum = 0.9, .weight_decay = 5e-4},
             gradient.data(), momentum.data(), parameter.data());
  });
}

TEST(Optimizers, LeavePaddingAtZero) {
  const Values zero(16);
  Values parameter(16), first(16), second(16);
  for (int step = 1; step <= 3; ++step) {
    adam_step(two_threads, 16, step, {.learning_rate = 1e-3, .weight_decay = 0.05}, zero.data(), first.data(),
              second.data(), parameter.data());
    sgd_step(two_threads, 16, {.learning_rate = 0.1, .weight_decay = 5e-4}, zero.data(), first.data(),
             parameter.data());
  }
  EXPECT_EQ(parameter, zero);
}

}  // namespace
}  // namespace bart
