#include <algorithm>
#include <numeric>

#include "bart/platform/error.h"
#include "bart/training/predictions.h"

namespace bart {

std::int32_t predicted_label(std::span<const float> logits) {
  if (logits.empty()) throw Error("without logits there is no predicted class");
  return static_cast<std::int32_t>(std::ranges::max_element(logits) - logits.begin());
}

std::vector<std::int32_t> likeliest_classes(std::span<const float> row, std::size_t count) {
  std::vector<std::int32_t> order(row.size());
  std::iota(order.begin(), order.end(), 0);
  const auto middle = order.begin() + static_cast<std::ptrdiff_t>(std::min(count, order.size()));
  std::partial_sort(order.begin(), middle, order.end(), [&](std::int32_t a, std::int32_t b) {
    return row[a] != row[b] ? row[a] > row[b] : a < b;
  });
  order.erase(middle, order.end());
  return order;
}

}  // namespace bart
