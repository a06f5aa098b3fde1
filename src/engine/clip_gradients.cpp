#include "clip_gradients.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "parameter_chunks.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "clip_gradients.cpp"
#include <hwy/foreach_target.h>
// Highway requires foreach_target.h before highway.h.
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace bart::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// The sum of squares in double: 16 sums that do not wait for each other, added up in order. The square of a
/// float is exact in double, so the result is the same with and without a fused multiply-add, and for any
/// vector length.
double SquaredSum(std::size_t count, const float* HWY_RESTRICT gradients) {
  constexpr std::size_t lanes = 4, sums = 4 * lanes;
  const hn::CappedTag<double, lanes> d;
  double total[sums] = {};
  std::size_t i = 0;
  if (hn::Lanes(d) == lanes) {
    const hn::Rebind<float, decltype(d)> f;
    auto s0 = hn::Zero(d), s1 = s0, s2 = s0, s3 = s0;
    for (; i + sums <= count; i += sums) {
      const auto g0 = hn::PromoteTo(d, hn::LoadU(f, gradients + i));
      const auto g1 = hn::PromoteTo(d, hn::LoadU(f, gradients + i + lanes));
      const auto g2 = hn::PromoteTo(d, hn::LoadU(f, gradients + i + 2 * lanes));
      const auto g3 = hn::PromoteTo(d, hn::LoadU(f, gradients + i + 3 * lanes));
      s0 = hn::MulAdd(g0, g0, s0);
      s1 = hn::MulAdd(g1, g1, s1);
      s2 = hn::MulAdd(g2, g2, s2);
      s3 = hn::MulAdd(g3, g3, s3);
    }
    hn::StoreU(s0, d, total);
    hn::StoreU(s1, d, total + lanes);
    hn::StoreU(s2, d, total + 2 * lanes);
    hn::StoreU(s3, d, total + 3 * lanes);
  }
  for (; i + sums <= count; i += sums) {
    for (std::size_t k = 0; k < sums; ++k) {
      const auto g = static_cast<double>(gradients[i + k]);
      total[k] += g * g;
    }
  }
  double sum = std::accumulate(std::begin(total), std::end(total), 0.0);
  for (; i < count; ++i) sum += static_cast<double>(gradients[i]) * static_cast<double>(gradients[i]);
  return sum;
}

}  // namespace bart::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace bart {

HWY_EXPORT(SquaredSum);

double gradient_norm(const Team& team, const float* gradients, std::int64_t count) {
  std::vector<double> squares(static_cast<std::size_t>(parameter_chunks(count)));
  team.each(parameter_chunks(count), [&](std::int64_t chunk) {
    const std::int64_t first = chunk * parameter_chunk;
    squares[static_cast<std::size_t>(chunk)] = HWY_DYNAMIC_DISPATCH(SquaredSum)(
        static_cast<std::size_t>(std::min(parameter_chunk, count - first)), gradients + first);
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
#endif  // HWY_ONCE
