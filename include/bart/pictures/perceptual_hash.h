#pragma once

#include <array>
#include <cstdint>

#include "bart/pictures/picture.h"

namespace bart {

/// A summary of a picture that finds others that look the same. It is computed with integers only, so it is
/// the same on every machine.
struct PictureSignature {
  /// The 64-bit DCT hash ("pHash", Zauner 2010, Implementation and Benchmarking of Perceptual Image Hash
  /// Functions): one bit for each of the 8x8 lowest frequencies of the 32x32 luma, set where above their
  /// median; the constant term is left out.
  std::uint64_t hash = 0;
  std::array<std::uint8_t, 16 * 16 * 3> thumbnail{};  // [16, 16, 3]

  auto operator<=>(const PictureSignature&) const = default;
};

PictureSignature picture_signature(const Picture& picture);

/// Pearson's correlation of the two thumbnails, each colour minus its mean: 1 for equal pictures and for
/// those that differ in brightness and contrast only. Two pictures of one colour each have 1 where the
/// colours are within 4 levels, and 0 otherwise.
double correlation(const PictureSignature& a, const PictureSignature& b);

/// The thresholds of "near duplicate", chosen on 16,764 frames of The Simpsons by looking at pairs: at 10
/// bits of distance a third of the pairs are chance, of which a correlation of 0.9 leaves about one in 100;
/// from 12 bits on chance pairs come by the thousand.
inline constexpr int near_duplicate_distance = 10;
inline constexpr double near_duplicate_correlation = 0.9;

/// Whether the two are the same scene: hashes at most 10 bits apart, thumbnails correlated by 0.9 or more.
bool near_duplicates(const PictureSignature& a, const PictureSignature& b);

}  // namespace bart
