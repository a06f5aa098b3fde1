#pragma once

// What the two halves of Winograd's algorithm share: vectors of 16 channels, the transforms, tiles. To be
// included once everything else is, since all from here on is compiled for AVX-512.

#include <immintrin.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "activations.h"
#include "winograd.h"

#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,avx2,fma")

#define BART_INLINE inline __attribute__((always_inline))

namespace bart::winograd {

using Vector = __m512;

constexpr int block = 16;   // channels of a vector
constexpr int step = 4;     // outputs of a tile, each way
constexpr int tile = 6;     // inputs of a tile, each way
constexpr int points = 36;  // of a transformed tile

// The finite points of the interpolation. Their squares are 2 and 1/2.
constexpr float a = 1.41421356237309515f;
constexpr float b = 0.70710678118654757f;

/// How many numbers of E a 32-bit lane has: bf16 are multiplied in pairs.
template <class E>
constexpr int pair = sizeof(float) / sizeof(E);

BART_INLINE Vector constant(float value) {
  return _mm512_set1_ps(value);
}

BART_INLINE Vector load(const float* from) {
  return _mm512_loadu_ps(from);
}

BART_INLINE Vector load(const Bf16* from) {
  const __m256i bits = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(bits), 16));
}

BART_INLINE __m256i rounded(Vector v) {
  return reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(v));
}

BART_INLINE void store(Vector v, float* to) {
  _mm512_storeu_ps(to, v);
}

BART_INLINE void store(Vector v, Bf16* to) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), rounded(v));
}

/// Pairs of bf16, the even ones in the lower halves.
BART_INLINE __m512i pairs(Vector even, Vector odd) {
  return _mm512_or_si512(_mm512_cvtepu16_epi32(rounded(even)),
                         _mm512_slli_epi32(_mm512_cvtepu16_epi32(rounded(odd)), 16));
}

/// sum + x * w, or for bf16 the sum over pairs of it; one x for all lanes.
BART_INLINE Vector multiply_add(Vector sum, const float* x, Vector w) {
  return _mm512_fmadd_ps(_mm512_set1_ps(*x), w, sum);
}

BART_INLINE Vector multiply_add(Vector sum, const Bf16* x, Vector w) {
  int both;
  std::memcpy(&both, x, sizeof both);
  return _mm512_dpbf16_ps(sum, reinterpret_cast<__m512bh>(_mm512_set1_epi32(both)),
                          reinterpret_cast<__m512bh>(w));
}

// The transforms along one axis. Rows of B^T are the polynomials that vanish at all other points; G divides
// by their values.

struct InputTransform {  // B^T d
  static constexpr int from = 6;
  /// Outputs 1 and 2 (pair 0), 3 and 4 (pair 1), 0 and 5 (pair 2).
  template <int pair>
  BART_INLINE static void apply(const Vector* d, Vector& first, Vector& second) {
    if constexpr (pair < 2) {
      const Vector square = constant(pair == 0 ? .5f : 2);
      const Vector even = _mm512_fnmadd_ps(square, d[2], d[4]);
      const Vector odd = _mm512_fnmadd_ps(square, d[1], d[3]);
      first = _mm512_fmadd_ps(constant(pair == 0 ? a : b), odd, even);
      second = _mm512_fnmadd_ps(constant(pair == 0 ? a : b), odd, even);
    } else {
      first = _mm512_add_ps(_mm512_fnmadd_ps(constant(2.5f), d[2], d[4]), d[0]);
      second = _mm512_add_ps(_mm512_fnmadd_ps(constant(2.5f), d[3], d[5]), d[1]);
    }
  }
};

struct OutputTransform {  // A^T m
  static constexpr int from = 6, to = 4;
  BART_INLINE static void apply(const Vector* m, Vector* y) {
    const Vector sum_a = _mm512_add_ps(m[1], m[2]);
    const Vector difference_a = _mm512_sub_ps(m[1], m[2]);
    const Vector sum_b = _mm512_add_ps(m[3], m[4]);
    const Vector difference_b = _mm512_sub_ps(m[3], m[4]);
    y[0] = _mm512_add_ps(m[0], _mm512_add_ps(sum_a, sum_b));
    y[1] = _mm512_fmadd_ps(constant(a), difference_a, _mm512_mul_ps(constant(b), difference_b));
    y[2] = _mm512_fmadd_ps(constant(2), sum_a, _mm512_mul_ps(constant(.5f), sum_b));
    y[3] = _mm512_add_ps(
        m[5], _mm512_fmadd_ps(constant(2 * a), difference_a, _mm512_mul_ps(constant(.5f * b), difference_b)));
  }
};

struct OutputGradientTransform {  // A dy
  static constexpr int from = 4;
  template <int pair>
  BART_INLINE static void apply(const Vector* y, Vector& first, Vector& second) {
    if constexpr (pair < 2) {
      const Vector square = constant(pair == 0 ? 2 : .5f);
      const Vector even = _mm512_fmadd_ps(square, y[2], y[0]);
      const Vector odd = _mm512_fmadd_ps(square, y[3], y[1]);
      first = _mm512_fmadd_ps(constant(pair == 0 ? a : b), odd, even);
      second = _mm512_fnmadd_ps(constant(pair == 0 ? a : b), odd, even);
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
    const Vector even_a = _mm512_mul_ps(constant(1.f / 6), _mm512_fmadd_ps(constant(2), g[2], g[0]));
    const Vector odd_a = _mm512_mul_ps(constant(a / 6), g[1]);
    u[1] = _mm512_add_ps(even_a, odd_a);
    u[2] = _mm512_sub_ps(even_a, odd_a);
    const Vector even_b = _mm512_mul_ps(constant(-2.f / 3), _mm512_fmadd_ps(constant(.5f), g[2], g[0]));
    const Vector odd_b = _mm512_mul_ps(constant(-2.f / 3 * b), g[1]);
    u[3] = _mm512_add_ps(even_b, odd_b);
    u[4] = _mm512_sub_ps(even_b, odd_b);
    u[5] = g[2];
  }
};

struct WeightGradientTransform {  // G^T du
  static constexpr int from = 6, to = 3;
  BART_INLINE static void apply(const Vector* u, Vector* g) {
    const Vector sum_a = _mm512_mul_ps(constant(1.f / 6), _mm512_add_ps(u[1], u[2]));
    const Vector difference_a = _mm512_mul_ps(constant(a / 6), _mm512_sub_ps(u[1], u[2]));
    const Vector sum_b = _mm512_mul_ps(constant(-2.f / 3), _mm512_add_ps(u[3], u[4]));
    const Vector difference_b = _mm512_mul_ps(constant(-2.f / 3 * b), _mm512_sub_ps(u[3], u[4]));
    g[0] = _mm512_add_ps(u[0], _mm512_add_ps(sum_a, sum_b));
    g[1] = _mm512_add_ps(difference_a, difference_b);
    g[2] = _mm512_add_ps(u[5], _mm512_fmadd_ps(constant(2), sum_a, _mm512_mul_ps(constant(.5f), sum_b)));
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

/// Pixels in memory: rows of 16 channels a pixel.
template <class E>
struct Square {
  const E* from;
  std::int64_t pitch;  // numbers from one row to the next
};

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
    Vector out[tile][count];
    for (int i = 0; i < count; ++i) {
      T::template apply<0>(two[k][i], out[1][i], out[2][i]);
      T::template apply<1>(two[k][i], out[3][i], out[4][i]);
      T::template apply<2>(two[k][i], out[0][i], out[5][i]);
    }
    for (int c = 0; c < tile; ++c) sink(row + c, out[c]);
  }
}

/// The transforms of `count` squares to 6x6 points. Two rows at a time stay in registers: a vector that is
/// written and read again costs more here than pixels that are read three times.
template <class T, int count, class E, class Sink>
BART_INLINE void transform_squares(const Square<E>* squares, const Sink& sink) {
  transform_two_rows<T, 0, count>(squares, sink);
  transform_two_rows<T, 1, count>(squares, sink);
  transform_two_rows<T, 2, count>(squares, sink);
}

/// Where the tiles of a batch of pictures lie.
struct Tiles {
  std::int64_t size, across, per_image, count;

  explicit Tiles(const WinogradShape& s)
      : size(s.size),
        across((s.size + step - 1) / step),
        per_image(across * across),
        count(s.n * per_image) {}
  std::int64_t image(std::int64_t i) const { return i / per_image; }
  std::int64_t y(std::int64_t i) const { return i % per_image / across * step; }
  std::int64_t x(std::int64_t i) const { return i % across * step; }
};

/// The square of `side` pixels of a plane [size, size, 16] from (y, x) on. Where it hangs over the border, or
/// its pixels are to be normalized first, it is copied to `room`, with zeros outside.
template <int side, class E>
BART_INLINE Square<E> square_of(const E* plane, std::int64_t size, std::int64_t y, std::int64_t x,
                                const WinogradNormalization& normalization, E (&room)[points * block]) {
  const bool whole = y >= 0 && x >= 0 && y + side <= size && x + side <= size;
  const bool normalized = normalization.scale != nullptr;
  if (whole && !normalized) return {plane + (y * size + x) * block, size * block};
  const Vector scale = normalized ? load(normalization.scale) : constant(1);
  const Vector shift = normalized ? load(normalization.shift) : _mm512_setzero_ps();
  const auto copy = [&](int r, int c) __attribute__((always_inline)) {
    const Vector pixel = load(plane + ((y + r) * size + x + c) * block);
    // The maximum's second operand is what NaN gives.
    const Vector y_of = _mm512_max_ps(_mm512_setzero_ps(), _mm512_fmadd_ps(pixel, scale, shift));
    store(normalized ? y_of : pixel, room + (r * side + c) * block);
  };
  for (int r = 0; r < side; ++r) {
    for (int c = 0; c < side; ++c) {
      if (whole || (y + r >= 0 && x + c >= 0 && y + r < size && x + c < size)) {
        copy(r, c);
      } else {
        store(_mm512_setzero_ps(), room + (r * side + c) * block);
      }
    }
  }
  return {room, side * block};
}

/// Numbers between the points of a matrix of so many numbers a point: one cache line more, so that the points
/// of a tile do not all fall into the same set of the cache.
template <class E>
constexpr std::int64_t apart(std::int64_t count) {
  return count + 64 / static_cast<std::int64_t>(sizeof(E));
}

/// Output channels of one multiplication: two vectors where they are there.
inline int width_of(std::int64_t channels) {
  return channels % (2 * block) == 0 ? 2 * block : block;
}

}  // namespace bart::winograd

#pragma GCC pop_options
