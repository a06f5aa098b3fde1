#pragma once

#include <string>

namespace bart {

/// The range of an axis, with ticks at multiples of `step`.
struct Axis {
  double low = 0, high = 1, step = 1;
};

/// At most `most` ticks at multiples of 1, 2 or 5 times a power of ten; the range begins and ends at a tick.
Axis round_axis(double low, double high, int most);

/// The smallest number of digits that tells the ticks apart.
std::string tick_text(double value, double step);

}  // namespace bart
