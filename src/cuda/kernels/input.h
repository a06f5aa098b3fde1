#pragma once

#include <cstdint>

#include "block.h"
#include "number.h"
#include "parameters.h"

// Pictures become the network's input, and before it, if they are to be changed, what change_picture() makes
// of them: to the same bytes, since all of it is arithmetic of integers.

namespace bart::cuda {

struct Colour {
  std::int32_t channels[3];
};

/// A position is reflected at the edges, with the edge pixel twice, and one beyond that becomes the edge.
BART_DEVICE std::int32_t reflected(std::int32_t at, std::int32_t side) {
  const std::int32_t positive = at ^ (at >> 31), other = 2 * side - 1 - positive;
  const std::int32_t nearer = positive < other ? positive : other;
  return nearer > 0 ? nearer : 0;
}

/// Between two bytes, at a fraction of 256ths, rounded.
BART_DEVICE std::int32_t between(std::int32_t first, std::int32_t second, std::int32_t fraction) {
  return (first * (256 - fraction) + second * fraction + 128) >> 8;
}

BART_DEVICE Colour changed_pixel(const Change& change, const std::uint8_t* picture, std::int32_t side,
                                 std::int32_t x, std::int32_t y) {
  Colour result;
  if (y >= change.top && y < change.bottom && x >= change.left && x < change.right) {
    BART_UNROLL for (int c = 0; c < 3; ++c) result.channels[c] = change.paint[c];
    return result;
  }
  const std::int32_t at_x = change.x0 + y * change.xy + x * change.xx;
  const std::int32_t at_y = change.y0 + y * change.yy + x * change.yx;
  const std::int32_t left = reflected(at_x >> 16, side), right = reflected((at_x >> 16) + 1, side);
  const std::int32_t upper = reflected(at_y >> 16, side), lower = reflected((at_y >> 16) + 1, side);
  const std::int32_t fraction_x = at_x >> 8 & 255, fraction_y = at_y >> 8 & 255;
  const auto byte = [&](std::int32_t row, std::int32_t column, int c) -> std::int32_t {
    return picture[(row * side + column) * 3 + c];
  };
  std::int32_t here[3];
  BART_UNROLL for (int c = 0; c < 3; ++c) {
    here[c] = between(between(byte(upper, left, c), byte(upper, right, c), fraction_x),
                      between(byte(lower, left, c), byte(lower, right, c), fraction_x), fraction_y);
  }
  BART_UNROLL for (int c = 0; c < 3; ++c) {
    const std::int32_t* row = change.colours + 3 * c;
    const std::int32_t sum =
        (here[0] * row[0] + here[1] * row[1] + here[2] * row[2] + change.offset + 2048) >> 12;
    result.channels[c] = sum < 0 ? 0 : sum > 255 ? 255 : sum;
  }
  return result;
}

template <class Activation>
struct PicturesToInput {
  template <class Block>
  BART_DEVICE static void run(const Block& block, const InputArguments& a) {
    const std::int32_t changed_side = a.scalars == nullptr ? 0 : a.scalars->changed_side;
    block.each_thread([&](int thread) {
      const std::int64_t i = index_of(block, thread);
      if (i >= a.pixels) return;
      const std::int64_t area = static_cast<std::int64_t>(a.size) * a.size, number = i / area;
      const auto pixel = static_cast<std::int32_t>(i % area);
      const std::uint8_t* picture = a.pictures[number];
      Colour colour;
      if (changed_side > 0) {
        colour = changed_pixel(a.changes[number], picture, changed_side, pixel % a.size, pixel / a.size);
      } else {
        BART_UNROLL for (int c = 0; c < 3; ++c) {
          colour.channels[c] = picture[static_cast<std::int64_t>(pixel) * 3 + c];
        }
      }
      BART_UNROLL for (int c = 0; c < 3; ++c) {
        static_cast<Activation*>(a.input)[i * 3 + c] =
            Nearest<Activation>::to(static_cast<float>(colour.channels[c]) / 255.0f);
      }
    });
  }
};

}  // namespace bart::cuda
