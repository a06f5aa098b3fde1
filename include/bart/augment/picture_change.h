#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "bart/augment/augmentation.h"
#include "bart/random/philox.h"

namespace bart {

/// What is done to one picture, in whole numbers, so that every processor makes the same bytes of it.
struct PictureChange {
  // The pixel (x, y) of the outcome shows the picture at (x0 + x * xx + y * xy, y0 + x * yx + y * yy), in
  // 1/65536 of its pixels, whose centres are at whole numbers. Outside of the picture is its reflection.
  std::int32_t x0, xx, xy;
  std::int32_t y0, yx, yy;
  // Its red, green and blue are then (colours * (red, green, blue) + offset) / 4096, between 0 and 255.
  std::array<std::int32_t, 9> colours;
  std::int32_t offset;
  // Columns [left, right) of rows [top, bottom) are painted over at last.
  std::int32_t left, top, right, bottom;
  std::array<std::uint8_t, 3> paint;

  bool operator==(const PictureChange&) const = default;
};

/// The largest side of a picture that can be changed.
constexpr int largest_changed_side = 4096;

/// The side of the pictures that those of `side` are best made of: a part of a picture is then shown with
/// about the detail that the whole one has.
constexpr int larger_side(int side) {
  return side * 5 / 4 < largest_changed_side ? side * 5 / 4 : largest_changed_side;
}

/// Draws the change of a picture of from_side x from_side into one of to_side x to_side. A figure of the
/// augmentation moves the draws of no other. Throws Error for a side below 1 or above largest_changed_side.
PictureChange draw_change(const Augmentation& augmentation, PictureRandom random, int from_side, int to_side);

/// Makes the changed picture: bilinear, rounded to bytes after each axis. Deterministic on every processor.
void change_picture(const PictureChange& change,
                    std::span<const std::uint8_t> from,  // [from_side, from_side, 3]
                    int from_side,
                    std::span<std::uint8_t> to,  // [to_side, to_side, 3]
                    int to_side);

}  // namespace bart
