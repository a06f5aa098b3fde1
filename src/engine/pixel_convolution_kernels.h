#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "activations.h"

namespace bart {

// One row of outputs at a time, dispatched at run time to the widest instructions of the machine.

/// The picture's rows above, at and below a row of outputs: bytes as floats, [size + 2, 3] with a zero pixel
/// at either end.
using PixelRows = std::array<const float*, 3>;

/// A row's channels: [C / B, size, B], the blocks of channels `step` numbers apart.
struct ChannelRow {
  std::size_t size, channels, block, step;
};

void float_pixels(const std::uint8_t* row,  // [size, 3]
                  std::size_t size,
                  float* floats);  // [size + 2, 3]

/// y = relu(folded . patch + offset), and bits that tell where y > 0 as it is stored.
void pixel_row_forward(const PixelRows& pixels, const ChannelRow& row,
                       const float* folded,  // [C/B, 27, B]
                       const float* offset,  // [C]
                       ActivationArray y,
                       std::uint8_t* mask);  // [C/B, size, B/8], blocks step / 8 bytes apart; null: none

/// Floats of the scratch memory of pixel_row_backward.
inline std::size_t gradient_row_floats(std::size_t size) {
  return (size + 2) * 16;
}

/// Adds the sums of g * patch, followed by the sum of g, where g is dy passed back through ReLU.
void pixel_row_backward(const PixelRows& pixels, const ChannelRow& row, ActivationArray dy,
                        const std::uint8_t* mask,  // as above
                        float* scratch,
                        double* sums);  // [C/B, 28, B]

}  // namespace bart
