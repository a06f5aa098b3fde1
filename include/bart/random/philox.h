#pragma once

#include <array>
#include <cstdint>

namespace bart {

/// Philox4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"): four random words that
/// depend only on a counter and a key. They can be computed at any time, in any order, on any device.
std::array<std::uint32_t, 4> philox(std::array<std::uint32_t, 4> counter, std::array<std::uint32_t, 2> key);

/// What a stream of random numbers is for: streams of different purposes share no numbers.
enum class RandomPurpose : std::uint32_t { augmentation = 1, partner = 2 };

/// The random numbers of one picture in one epoch. They depend only on the four arguments, not on other
/// pictures, the order of work, the number of threads or an interruption of the training.
class PictureRandom {
 public:
  PictureRandom(std::uint32_t seed, std::uint32_t epoch, std::uint32_t picture, RandomPurpose purpose);
  std::uint32_t next();
  /// A number in [low, high), from 32 random bits.
  double between(double low, double high);

 private:
  std::array<std::uint32_t, 2> key_;      // seed, purpose
  std::array<std::uint32_t, 4> counter_;  // block of four words, picture, epoch, 0
  std::array<std::uint32_t, 4> words_ = {};
  std::uint32_t used_ = 4;
};

}  // namespace bart
