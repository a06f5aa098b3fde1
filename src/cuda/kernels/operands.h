#pragma once

#include <cstdint>

#include "block.h"
#include "four.h"

// The factors of a matrix product, of which a tile takes four neighbours of a row at a time.

namespace bart::cuda {

/// A dense matrix [rows, columns].
template <class Number>
struct DenseMatrix {
  using Value = Number;
  const Value* values;
  std::int64_t rows;
  int columns;

  using Row = const Value*;
  BART_DEVICE Row row(std::int64_t r) const { return r < rows ? values + r * columns : nullptr; }
  BART_DEVICE Four<Value> four(Row row, int column) const {
    Four<Value> result = {};
    if (row == nullptr || column >= columns) return result;
    if (columns % 4 == 0) return four_at(row + column);
    BART_UNROLL for (int i = 0; i < 4; ++i) {
      if (column + i < columns) result.values[i] = row[column + i];
    }
    return result;
  }
};

/// What a convolution 3x3 sees of pictures [pictures, size, size, channels]: a row per pixel, with the pixels
/// around it, [9 * channels].
template <class Number>
struct Patches {
  using Value = Number;
  const Value* pictures;
  std::int64_t pixels;  // of all pictures
  int size, channels;

  struct Row {
    const Value* pixel;
    int y, x;
  };
  BART_DEVICE Row row(std::int64_t r) const {
    if (r >= pixels) return {pictures, -2, 0};  // so that everything around it lies outside
    const auto p = static_cast<unsigned>(r), side = static_cast<unsigned>(size);
    return {pictures + r * channels, static_cast<int>(p / side % side), static_cast<int>(p % side)};
  }
  BART_DEVICE Four<Value> four(const Row& row, int column) const {
    Four<Value> result = {};
    if (channels % 4 == 0) {
      const int tap = column / channels;
      if (const Value* pixel = at(row, tap)) return four_at(pixel + (column - tap * channels));
      return result;
    }
    BART_UNROLL for (int i = 0; i < 4; ++i) {
      const int tap = (column + i) / channels;
      if (const Value* pixel = at(row, tap)) result.values[i] = pixel[column + i - tap * channels];
    }
    return result;
  }

 private:
  BART_DEVICE const Value* at(const Row& row, int tap) const {
    const int dy = tap / 3 - 1, dx = tap % 3 - 1;
    const int y = row.y + dy, x = row.x + dx;
    const bool inside = tap < 9 && y >= 0 && y < size && x >= 0 && x < size;
    return inside ? row.pixel + static_cast<std::int64_t>(dy * size + dx) * channels : nullptr;
  }
};

}  // namespace bart::cuda
