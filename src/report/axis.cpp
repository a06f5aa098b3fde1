#include "axis.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace bart {

Axis round_axis(double low, double high, int most) {
  if (!(high > low)) {  // a single value
    const double room = low != 0 ? std::abs(low) / 2 : 1;
    low -= room;
    high += room;
  }
  const double rough = (high - low) / most;
  const double power = std::pow(10, std::floor(std::log10(rough)));
  double step = 10 * power;
  for (const double factor : {5.0, 2.0, 1.0}) {
    if (factor * power >= rough) step = factor * power;
  }
  return {std::floor(low / step) * step, std::ceil(high / step) * step, step};
}

std::string tick_text(double value, double step) {
  const int decimals = std::max(0, static_cast<int>(std::ceil(-std::log10(step) - 1e-9)));
  return decimals > 3 ? fmt::format("{:.3g}", value) : fmt::format("{:.{}f}", value, decimals);
}

}  // namespace bart
