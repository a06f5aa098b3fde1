#include "adam.h"

#include <algorithm>
#include <cmath>

#include "parallel.h"

namespace bart {

void adam_step(std::int64_t count, std::int64_t step, double learning_rate, const float* gradient,
               float* exp_avg, float* exp_avg_sq, float* parameter) {
  constexpr double beta1 = 0.9;
  constexpr double beta2 = 0.999;
  constexpr float eps = 1e-8f;
  const double correction1 = 1 - std::pow(beta1, static_cast<double>(step));
  const double correction2 = 1 - std::pow(beta2, static_cast<double>(step));
  const auto lerp = static_cast<float>(1 - beta1);
  const auto decay = static_cast<float>(beta2);
  const auto gain = static_cast<float>(1 - beta2);
  const auto root2 = static_cast<float>(std::sqrt(correction2));
  const auto step_size = static_cast<float>(-(learning_rate / correction1));

  // Memory-bound: four streams in, three out, each touched once.
  constexpr std::int64_t chunk = 1 << 14;
  parallel_each((count + chunk - 1) / chunk, [&](std::int64_t part) {
    const std::int64_t end = std::min(count, (part + 1) * chunk);
#pragma omp simd
    for (std::int64_t i = part * chunk; i < end; ++i) {
      const float g = gradient[i];
      const float m = exp_avg[i] + lerp * (g - exp_avg[i]);
      const float v = exp_avg_sq[i] * decay + gain * g * g;
      exp_avg[i] = m;
      exp_avg_sq[i] = v;
      parameter[i] += step_size * m / (std::sqrt(v) / root2 + eps);
    }
  });
}

}  // namespace bart
