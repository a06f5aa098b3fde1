#include "clip_gradients.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "parallel.h"

namespace bart {

double clip_gradients(float* gradients, std::int64_t count, double max_norm) {
  constexpr std::int64_t chunk = 1 << 14;
  std::vector<double> squares(static_cast<std::size_t>((count + chunk - 1) / chunk));
  const auto chunks = static_cast<std::int64_t>(squares.size());
  parallel_each(chunks, [&](std::int64_t part) {
    double sum = 0;
    for (std::int64_t i = part * chunk; i < std::min(count, (part + 1) * chunk); ++i) {
      sum += static_cast<double>(gradients[i]) * gradients[i];
    }
    squares[static_cast<std::size_t>(part)] = sum;
  });
  double sum = 0;
  for (const double square : squares) sum += square;
  const double norm = std::sqrt(sum);
  const auto factor = static_cast<float>(max_norm / (norm + 1e-6));
  if (factor >= 1) return norm;
  parallel_each(chunks, [&](std::int64_t part) {
    for (std::int64_t i = part * chunk; i < std::min(count, (part + 1) * chunk); ++i) gradients[i] *= factor;
  });
  return norm;
}

}  // namespace bart
