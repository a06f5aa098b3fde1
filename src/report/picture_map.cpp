#include "picture_map.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace bart {
namespace {

using Vector = std::vector<double>;

double product(const Vector& a, const Vector& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

/// The outputs of picture i, from which their mean over the pictures is taken.
Vector centred(const Predictions& predictions, std::size_t i, const Vector& mean) {
  Vector row(predictions.row(i).begin(), predictions.row(i).end());
  for (std::size_t c = 0; c < row.size(); ++c) row[c] -= mean[c];
  return row;
}

/// The direction in which `covariance` [n, n] is largest, by power iteration, orthogonal to `other`.
Vector principal_direction(const std::vector<Vector>& covariance, const Vector& other) {
  const std::size_t n = covariance.size();
  Vector direction(n);
  for (std::size_t c = 0; c < n; ++c) direction[c] = 1.0 / static_cast<double>(c + 1);
  for (int round = 0; round < 300; ++round) {
    Vector next(n);
    for (std::size_t r = 0; r < n; ++r) next[r] = product(covariance[r], direction);
    if (!other.empty()) {
      const double part = product(next, other);
      for (std::size_t c = 0; c < n; ++c) next[c] -= part * other[c];
    }
    const double length = std::sqrt(product(next, next));
    if (!(length > 0)) return Vector(n);
    for (std::size_t c = 0; c < n; ++c) direction[c] = next[c] / length;
  }
  return direction;
}

}  // namespace

std::vector<std::array<double, 2>> picture_map(const Predictions& predictions) {
  const std::size_t n = predictions.size(), classes = predictions.classes;
  Vector mean(classes);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t c = 0; c < classes; ++c) mean[c] += predictions.row(i)[c] / static_cast<double>(n);
  }
  std::vector<Vector> covariance(classes, Vector(classes));
  for (std::size_t i = 0; i < n; ++i) {
    const Vector row = centred(predictions, i, mean);
    for (std::size_t r = 0; r < classes; ++r) {
      for (std::size_t c = 0; c < classes; ++c) covariance[r][c] += row[r] * row[c];
    }
  }
  const Vector first = principal_direction(covariance, {});
  const Vector second = principal_direction(covariance, first);
  std::vector<std::array<double, 2>> places;
  for (std::size_t i = 0; i < n; ++i) {
    const Vector row = centred(predictions, i, mean);
    places.push_back({product(row, first), product(row, second)});
  }
  for (std::size_t axis = 0; axis < 2; ++axis) {
    const auto at = [&](const std::array<double, 2>& place) { return place[axis]; };
    const auto [low, high] = std::ranges::minmax(places, {}, at);
    const double from = low[axis], room = std::max(high[axis] - low[axis], 1e-30);
    for (auto& place : places) place[axis] = (place[axis] - from) / room;
  }
  return places;
}

}  // namespace bart
