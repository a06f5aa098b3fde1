#include "bart/pictures/perceptual_hash.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numbers>

#include "bart/pictures/resize.h"

namespace bart {
namespace {

constexpr int side = 32;
constexpr int frequencies = 8;

using Cosines = std::array<std::array<std::int64_t, side>, frequencies>;

/// The first rows of the DCT-II of 32 values, in 14-bit fixed point.
Cosines cosine_table() {
  Cosines cosines{};
  for (int u = 0; u < frequencies; ++u) {
    for (int x = 0; x < side; ++x) {
      cosines[u][x] = std::lround(16384 * std::cos(std::numbers::pi * (2 * x + 1) * u / (2 * side)));
    }
  }
  return cosines;
}

std::uint64_t dct_hash(const Picture& small) {
  static const Cosines cosines = cosine_table();
  std::array<std::array<std::int64_t, frequencies>, side> rows{};
  for (int y = 0; y < side; ++y) {
    for (int x = 0; x < side; ++x) {
      const std::uint8_t* rgb = small.pixels.data() + 3 * (y * side + x);
      const std::int64_t luma =
          (19595 * rgb[0] + 38470 * rgb[1] + 7471 * rgb[2] + 0x8000) >> 16;  // ITU-R 601
      for (int u = 0; u < frequencies; ++u) rows[y][u] += luma * cosines[u][x];
    }
  }
  std::array<std::int64_t, frequencies * frequencies> coefficients{};
  for (int v = 0; v < frequencies; ++v) {
    for (int u = 0; u < frequencies; ++u) {
      for (int y = 0; y < side; ++y) coefficients[v * frequencies + u] += rows[y][u] * cosines[v][y];
    }
  }
  std::array<std::int64_t, frequencies * frequencies - 1> sorted;
  std::copy(coefficients.begin() + 1, coefficients.end(), sorted.begin());
  std::ranges::nth_element(sorted, sorted.begin() + sorted.size() / 2);
  const std::int64_t median = sorted[sorted.size() / 2];
  std::uint64_t hash = 0;
  for (std::size_t i = 1; i < coefficients.size(); ++i) {
    if (coefficients[i] > median) hash |= std::uint64_t{1} << i;
  }
  return hash;
}

/// Mean of each 2x2 block.
std::array<std::uint8_t, 16 * 16 * 3> halved(const Picture& small) {
  std::array<std::uint8_t, 16 * 16 * 3> half{};
  for (int y = 0; y < 16; ++y) {
    for (int x = 0; x < 16; ++x) {
      for (int c = 0; c < 3; ++c) {
        const std::uint8_t* p = small.pixels.data() + 3 * (2 * y * side + 2 * x) + c;
        half[3 * (y * 16 + x) + c] =
            static_cast<std::uint8_t>((p[0] + p[3] + p[3 * side] + p[3 * side + 3] + 2) / 4);
      }
    }
  }
  return half;
}

}  // namespace

PictureSignature picture_signature(const Picture& picture) {
  const Picture small = resize_picture(picture, side, side);
  return {dct_hash(small), halved(small)};
}

double correlation(const PictureSignature& a, const PictureSignature& b) {
  constexpr std::int64_t n = 16 * 16;
  std::int64_t covariance = 0, variance_a = 0, variance_b = 0;  // times n²
  bool same_colour = true;
  for (int c = 0; c < 3; ++c) {
    std::int64_t sum_a = 0, sum_b = 0, ab = 0, aa = 0, bb = 0;
    for (std::size_t i = static_cast<std::size_t>(c); i < a.thumbnail.size(); i += 3) {
      const std::int64_t x = a.thumbnail[i], y = b.thumbnail[i];
      sum_a += x, sum_b += y, ab += x * y, aa += x * x, bb += y * y;
    }
    covariance += n * ab - sum_a * sum_b;
    variance_a += n * aa - sum_a * sum_a;
    variance_b += n * bb - sum_b * sum_b;
    same_colour = same_colour && std::abs(sum_a - sum_b) <= 4 * n;
  }
  // Below one level of standard deviation there is nothing but rounding to correlate.
  constexpr std::int64_t flat = 3 * n * n;
  if (variance_a < flat && variance_b < flat) return same_colour ? 1 : 0;
  if (variance_a < flat || variance_b < flat) return 0;
  return static_cast<double>(covariance) /
         std::sqrt(static_cast<double>(variance_a) * static_cast<double>(variance_b));
}

bool near_duplicates(const PictureSignature& a, const PictureSignature& b) {
  return std::popcount(a.hash ^ b.hash) <= near_duplicate_distance &&
         correlation(a, b) >= near_duplicate_correlation;
}

}  // namespace bart
