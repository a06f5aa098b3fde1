#include "clip_gradients.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <vector>

#include "parameter_chunks.h"

namespace bart {
namespace {

double squared_sum(const float* gradients, std::int64_t count) {
  // Sums that do not wait for each other, which the compiler turns into vectors.
  constexpr std::int64_t lanes = 16;
  std::array<double, lanes> sums{};
  std::int64_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    for (std::int64_t k = 0; k < lanes; ++k) {
      const auto g = static_cast<double>(gradients[i + k]);
      sums[static_cast<std::size_t>(k)] += g * g;
    }
  }
  double sum = std::accumulate(sums.begin(), sums.end(), 0.0);
  for (; i < count; ++i) sum += static_cast<double>(gradients[i]) * static_cast<double>(gradients[i]);
  return sum;
}

}  // namespace

double gradient_norm(const Team& team, const float* gradients, std::int64_t count) {
  std::vector<double> squares(static_cast<std::size_t>(parameter_chunks(count)));
  team.each(parameter_chunks(count), [&](std::int64_t chunk) {
    const std::int64_t first = chunk * parameter_chunk;
    squares[static_cast<std::size_t>(chunk)] =
        squared_sum(gradients + first, std::min(parameter_chunk, count - first));
  });
  return std::sqrt(std::accumulate(squares.begin(), squares.end(), 0.0));
}

double clip_gradients(const Team& team, float* gradients, std::int64_t count, double max_norm) {
  const double norm = gradient_norm(team, gradients, count);
  const auto factor = static_cast<float>(max_norm / (norm + 1e-6));
  if (!std::isfinite(norm) || factor >= 1) return norm;
  team.each(parameter_chunks(count), [&](std::int64_t chunk) {
    const std::int64_t first = chunk * parameter_chunk;
    const std::int64_t end = std::min(count, first + parameter_chunk);
    for (std::int64_t i = first; i < end; ++i) gradients[i] *= factor;
  });
  return norm;
}

}  // namespace bart
