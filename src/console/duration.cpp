#include "duration.h"

#include <charconv>
#include <cmath>

namespace bart {

std::optional<double> seconds_of_text(std::string_view text) {
  double sum = 0, last = INFINITY;  // the units become smaller
  while (!text.empty()) {
    double number = 0;
    const auto [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
    if (error != std::errc() || end == text.data() + text.size() || !(number >= 0)) return std::nullopt;
    const double unit = *end == 'h' ? 3600 : *end == 'm' ? 60 : *end == 's' ? 1 : last;
    if (!(unit < last)) return std::nullopt;
    last = unit;
    sum += number * unit;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()) + 1);
  }
  return std::isfinite(last) && std::isfinite(sum) ? std::optional(sum) : std::nullopt;
}

}  // namespace bart
