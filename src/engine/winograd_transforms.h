#pragma once

// The common parts of convolution and weight gradient by Winograd's algorithm: the transforms and the tiles.

#include <algorithm>
#include <cstdint>
#include <type_traits>

#include "winograd.h"
#include "winograd_vectors.h"

namespace bart::winograd {
namespace {

constexpr int step = 4;     // outputs of a tile, each way
constexpr int tile = 6;     // inputs of a tile, each way
constexpr int points = 36;  // of a transformed tile

// The finite points of the interpolation. Their squares are 2 and 1/2.
constexpr float a = 1.41421356237309515f;
constexpr float b = 0.70710678118654757f;

/// How many numbers of T a 32-bit lane has: bf16 are multiplied in pairs.
template <class T>
constexpr int pair = sizeof(float) / sizeof(T);

// The transforms along one axis. Rows of B^T are the polynomials that vanish at all other points; G divides
// by their values.

struct InputTransform {  // B^T d
  static constexpr int from = 6;
  /// Outputs 1 and 2 (pair 0), 3 and 4 (pair 1), 0 and 5 (pair 2).
  template <int pair>
  BART_INLINE static void apply(const Vector* d, Vector& first, Vector& second) {
    if constexpr (pair < 2) {
      const Vector square = constant(pair == 0 ? .5f : 2);
      const Vector even = fnma(square, d[2], d[4]);
      const Vector odd = fnma(square, d[1], d[3]);
      first = fma(constant(pair == 0 ? a : b), odd, even);
      second = fnma(constant(pair == 0 ? a : b), odd, even);
    } else {
      first = fnma(constant(2.5f), d[2], d[4]) + d[0];
      second = fnma(constant(2.5f), d[3], d[5]) + d[1];
    }
  }
};

struct OutputTransform {  // A^T m
  static constexpr int from = 6, to = 4;
  BART_INLINE static void apply(const Vector* m, Vector* y) {
    const Vector sum_a = m[1] + m[2];
    const Vector difference_a = m[1] - m[2];
    const Vector sum_b = m[3] + m[4];
    const Vector difference_b = m[3] - m[4];
    y[0] = m[0] + (sum_a + sum_b);
    y[1] = fma(constant(a), difference_a, constant(b) * difference_b);
    y[2] = fma(constant(2), sum_a, constant(.5f) * sum_b);
    y[3] = m[5] + fma(constant(2 * a), difference_a, constant(.5f * b) * difference_b);
  }
};

struct OutputGradientTransform {  // A dy
  static constexpr int from = 4;
  template <int pair>
  BART_INLINE static void apply(const Vector* y, Vector& first, Vector& second) {
    if constexpr (pair < 2) {
      const Vector square = constant(pair == 0 ? 2 : .5f);
      const Vector even = fma(square, y[2], y[0]);
      const Vector odd = fma(square, y[3], y[1]);
      first = fma(constant(pair == 0 ? a : b), odd, even);
      second = fnma(constant(pair == 0 ? a : b), odd, even);
    } else {
      first = y[0];
      second = y[3];
    }
  }
};

struct WeightTransform {  // G g
  static constexpr int from = 3, to = 6;
  BART_INLINE static void apply(const Vector* g, Vector* u) {
    u[0] = g[0];
    const Vector even_a = constant(1.f / 6) * fma(constant(2), g[2], g[0]);
    const Vector odd_a = constant(a / 6) * g[1];
    u[1] = even_a + odd_a;
    u[2] = even_a - odd_a;
    const Vector even_b = constant(-2.f / 3) * fma(constant(.5f), g[2], g[0]);
    const Vector odd_b = constant(-2.f / 3 * b) * g[1];
    u[3] = even_b + odd_b;
    u[4] = even_b - odd_b;
    u[5] = g[2];
  }
};

struct WeightGradientTransform {  // G^T du
  static constexpr int from = 6, to = 3;
  BART_INLINE static void apply(const Vector* u, Vector* g) {
    const Vector sum_a = constant(1.f / 6) * (u[1] + u[2]);
    const Vector difference_a = constant(a / 6) * (u[1] - u[2]);
    const Vector sum_b = constant(-2.f / 3) * (u[3] + u[4]);
    const Vector difference_b = constant(-2.f / 3 * b) * (u[3] - u[4]);
    g[0] = u[0] + (sum_a + sum_b);
    g[1] = difference_a + difference_b;
    g[2] = u[5] + fma(constant(2), sum_a, constant(.5f) * sum_b);
  }
};

/// The transform along both axes, T x T^t.
template <class T>
BART_INLINE void transform(const Vector* x,  // [from, from]
                           Vector* y) {      // [to, to]
  Vector half[T::to * T::from];
  for (int c = 0; c < T::from; ++c) {
    Vector column[T::from], result[T::to];
    for (int r = 0; r < T::from; ++r) column[r] = x[r * T::from + c];
    T::apply(column, result);
    for (int r = 0; r < T::to; ++r) half[r * T::from + c] = result[r];
  }
  for (int r = 0; r < T::to; ++r) T::apply(half + r * T::from, y + r * T::to);
}

/// Pixels in memory: one vector of channels per pixel, row by row.
template <class E>
struct Square {
  const E* from;
  std::int64_t pitch;  // numbers from one row to the next
};

/// All rows of the transforms to 6x6 of a column.
template <class T>
BART_INLINE void transform_column(const Vector* from, Vector* to) {
  T::template apply<0>(from, to[1], to[2]);
  T::template apply<1>(from, to[3], to[4]);
  T::template apply<2>(from, to[0], to[5]);
}

/// One pair of rows of the transforms to 6x6 of `count` squares, then all columns. `sink(point, vectors)`
/// gets what each square has at a point.
template <class T, int pair, int count, class E, class Sink>
BART_INLINE void transform_two_rows(const Square<E>* squares, const Sink& sink) {
  Vector two[2][count][T::from];
  for (int i = 0; i < count; ++i) {
    for (int c = 0; c < T::from; ++c) {
      Vector column[T::from];
      for (int r = 0; r < T::from; ++r) {
        column[r] = load(squares[i].from + r * squares[i].pitch + c * block);
      }
      T::template apply<pair>(column, two[0][i][c], two[1][i][c]);
    }
  }
  for (int k = 0; k < 2; ++k) {
    const int row = (pair == 2 ? 5 * k : 1 + 2 * pair + k) * tile;
    Vector rows[count][tile], out[tile][count];
    for (int i = 0; i < count; ++i) {
      transform_column<T>(two[k][i], rows[i]);
      for (int c = 0; c < tile; ++c) out[c][i] = rows[i][c];
    }
    for (int c = 0; c < tile; ++c) sink(row + c, out[c]);
  }
}

/// The transforms of `count` squares to 6x6 points. Where there are registers for them, two rows at a time
/// stay there: a vector that is written and read again costs more than pixels that are read three times. It
/// costs less than bf16, which take two instructions to read.
template <class T, int count, class E, class Sink>
BART_INLINE void transform_squares(const Square<E>* squares, const Sink& sink) {
  if constexpr (many_registers && std::is_same_v<E, float>) {
    transform_two_rows<T, 0, count>(squares, sink);
    transform_two_rows<T, 1, count>(squares, sink);
    transform_two_rows<T, 2, count>(squares, sink);
  } else {
    Vector half[count][T::from][tile];
    for (int i = 0; i < count; ++i) {
#pragma GCC unroll 6
      for (int c = 0; c < T::from; ++c) {
        Vector column[T::from];
        for (int r = 0; r < T::from; ++r) {
          column[r] = load(squares[i].from + r * squares[i].pitch + c * block);
        }
        transform_column<T>(column, half[i][c]);
      }
    }
#pragma GCC unroll 6
    for (int r = 0; r < tile; ++r) {
      Vector out[tile][count];
      for (int i = 0; i < count; ++i) {
        Vector row[T::from], of_square[tile];
        for (int c = 0; c < T::from; ++c) row[c] = half[i][c][r];
        transform_column<T>(row, of_square);
        for (int c = 0; c < tile; ++c) out[c][i] = of_square[c];
      }
      for (int c = 0; c < tile; ++c) sink(r * tile + c, out[c]);
    }
  }
}

/// Where a tile lies: its image, and its first output there.
struct TilePlace {
  std::int64_t image, y, x;
};

/// The tiles of a batch of pictures, in order.
struct Tiles {
  std::int64_t size, across, per_image, count;

  explicit Tiles(const WinogradShape& s)
      : size(s.size),
        across((s.size + step - 1) / step),
        per_image(across * across),
        count(s.n * per_image) {}
  TilePlace at(std::int64_t i) const {
    return {i / per_image, i % per_image / across * step, i % across * step};
  }
  /// The tile after a tile, without divisions, which would cost as much as a transform.
  void advance(TilePlace& place) const {
    place.x += step;
    if (place.x < size) return;
    place.x = 0;
    place.y += step;
    if (place.y < size) return;
    place.y = 0;
    ++place.image;
  }
};

/// Pixels [begin, end) of a row, each a vector of channels, as they are or normalized; zeros before and
/// after.
template <int side, class E>
BART_INLINE void copy_row(const E* from, int begin, int end, const SourceNormalization& normalization,
                          E* to) {
  const auto copy = [&](const auto& pixel_of) __attribute__((always_inline)) {
    for (int c = 0; c < side; ++c) {
      store(begin <= c && c < end ? pixel_of(load(from + c * block)) : constant(0), to + c * block);
    }
  };
  if (normalization.scale == nullptr) {
    copy([](Vector pixel) __attribute__((always_inline)) { return pixel; });
    return;
  }
  const Vector scale = load(normalization.scale);
  const Vector shift = load(normalization.shift);
  // For NaN the result of the maximum is its second operand.
  copy([&](Vector pixel)
           __attribute__((always_inline)) { return larger(constant(0), fma(pixel, scale, shift)); });
}

/// The square of `side` pixels of a plane [size, size, block] from (y, x) on. Where it crosses the border or
/// its pixels must be normalized first, it is copied to `room`, with zeros outside the plane.
template <int side, class E>
BART_INLINE Square<E> square_of(const E* plane, std::int64_t size, std::int64_t y, std::int64_t x,
                                const SourceNormalization& normalization, E (&room)[points * block]) {
  const bool whole = y >= 0 && x >= 0 && y + side <= size && x + side <= size;
  if (whole && normalization.scale == nullptr) return {plane + (y * size + x) * block, size * block};
  const int begin = x < 0 ? static_cast<int>(-x) : 0;
  const int end = static_cast<int>(std::min<std::int64_t>(side, size - x));
  for (int r = 0; r < side; ++r) {
    const bool inside = y + r >= 0 && y + r < size;
    copy_row<side>(plane + ((y + r) * size + x) * block, begin, inside ? end : 0, normalization,
                   room + r * side * block);
  }
  return {room, side * block};
}

/// The stride between two points, given `count` numbers per point: one cache line more, so that the points of
/// a tile do not all fall into the same set of the cache.
template <class E>
constexpr std::int64_t apart(std::int64_t count) {
  return count + 64 / static_cast<std::int64_t>(sizeof(E));
}

/// The output channels of one multiplication: two vectors if the channels fill them.
inline int width_of(std::int64_t channels) {
  return channels % (2 * block) == 0 ? 2 * block : block;
}

}  // namespace
}  // namespace bart::winograd
