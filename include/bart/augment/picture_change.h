#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "bart/augment/augmentation.h"
#include "bart/random/philox.h"

namespace bart {

/// The change of one picture, in integers, so that all processors compute the same bytes.
struct PictureChange {
  // Pixel (x, y) of the result shows the picture at (x0 + x * xx + y * xy, y0 + x * yx + y * yy), in units of
  // 1/65536 pixel; the centres of pixels are at integers. Beyond its edges the picture is reflected.
  std::int32_t x0, xx, xy;
  std::int32_t y0, yx, yy;
  // Its colours become (colours * (red, green, blue) + offset) / 4096, clipped to 0 to 255.
  std::array<std::int32_t, 9> colours;
  std::int32_t offset;
  // Finally columns [left, right) of rows [top, bottom) are painted over.
  std::int32_t left, top, right, bottom;
  std::array<std::uint8_t, 3> paint;

  bool operator==(const PictureChange&) const = default;
};

/// The largest side of a picture that can be changed.
constexpr int largest_changed_side = 4096;

/// The side of the pictures from which changed pictures of side `side` are made, so that a part of a picture
/// has about as much detail as the whole picture.
constexpr int larger_side(int side) {
  return side * 5 / 4 < largest_changed_side ? side * 5 / 4 : largest_changed_side;
}

/// Draws the change of a picture of from_side x from_side into one of to_side x to_side. A number of the
/// augmentation does not affect the random numbers of the others. Throws Error for a side below 1 or above
/// largest_changed_side, and for an augmentation as check_augmentation() does.
PictureChange draw_change(const Augmentation& augmentation, PictureRandom random, int from_side, int to_side);

/// Computes the changed picture with bilinear interpolation, rounded to bytes after each axis. All processors
/// give the same result.
void change_picture(const PictureChange& change,
                    std::span<const std::uint8_t> from,  // [from_side, from_side, 3]
                    int from_side,
                    std::span<std::uint8_t> to,  // [to_side, to_side, 3]
                    int to_side);

/// Which of its random changes a picture gets: it depends on nothing else.
struct AugmentationKey {
  std::uint32_t seed;    // of the training
  std::uint32_t epoch;   // from 1
  std::uint32_t number;  // of the picture in the data set
};

/// Draws the change that this picture gets. Throws as the other draw_change().
PictureChange draw_change(const Augmentation& augmentation, const AugmentationKey& key, int from_side,
                          int to_side);

/// Makes the picture that the network sees: draws its change, and makes it.
void augment_picture(const Augmentation& augmentation, const AugmentationKey& key,
                     std::span<const std::uint8_t> from,  // [from_side, from_side, 3]
                     int from_side,
                     std::span<std::uint8_t> to,  // [to_side, to_side, 3]
                     int to_side);

}  // namespace bart
