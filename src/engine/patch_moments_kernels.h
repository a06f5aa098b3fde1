#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace bart {

// Sums over pictures as 16-bit integers, dispatched at run time to the widest instructions of the machine. A
// line is a row or a column of a picture, its colours one after the other: [3, stride], each colour `size`
// numbers followed by zeros.

/// The vectors may reach beyond a colour's end by this, and by the two numbers that lines are shifted.
inline constexpr std::int64_t line_overhang = 32;

/// How many lines the kernels take at once: products of bytes whose sum fits into one lane's 32 bits.
inline std::int64_t lines_at_once(std::int64_t size) {
  return std::clamp<std::int64_t>(INT32_MAX / (255 * 255) / size, 1, 16);
}

/// Writes a row of a picture into a line and leaves what follows the row as it is.
void spread_line(const std::uint8_t* row,  // [size, 3]
                 std::size_t size, std::size_t stride, std::int16_t* line);

/// sums[c] += the sum of colour c over `count` lines.
void sum_lines(const std::int16_t* lines, std::size_t size, std::size_t stride, std::size_t count,
               std::int64_t* sums);

/// products[3 c + d] += the sum of a[c][x] * b[d][x] over the same.
void correlate_lines(const std::int16_t* a, const std::int16_t* b, std::size_t size, std::size_t stride,
                     std::size_t count, std::int64_t* products);

}  // namespace bart
