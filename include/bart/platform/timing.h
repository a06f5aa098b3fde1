#pragma once

#include <algorithm>
#include <chrono>
#include <vector>

#include "bart/platform/error.h"

namespace bart {

inline double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// The seconds that `work` takes.
template <typename Work>
double seconds_of(const Work& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return seconds_since(start);
}

/// The median, the upper one of an even number of values. Throws Error when there is none.
inline double median_of(std::vector<double> values) {
  if (values.empty()) throw Error("a measurement needs at least one round");
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace bart
