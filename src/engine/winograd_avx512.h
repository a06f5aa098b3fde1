#pragma once

// Vectors of 16 channels, only for winograd_avx512.cpp: everything that includes this is compiled for
// AVX-512.

#include <immintrin.h>

#include <cstdint>
#include <cstring>

#include "activations.h"

#define BART_INLINE inline __attribute__((always_inline))

namespace bart::winograd {
namespace {

using Vector = __m512;

/// Whether there are 32 vector registers instead of 16.
constexpr bool many_registers = true;

constexpr int block = 16;  // channels of a vector

// Rows of the register tile, which is two vectors wide: for many tiles, for few tiles, for the weight
// gradient. This uses the 32 registers.
constexpr int many_tiles = 12, few_tiles = 8, gradient_rows = 8;

/// The share of the second-level cache for a job; the cache usually has a megabyte or more.
constexpr std::int64_t cache_bytes = 400 << 10;

/// The type of transformed activations. bf16 stays bf16, which is multiplied in pairs.
template <class E>
using Transformed = E;

BART_INLINE Vector constant(float value) {
  return _mm512_set1_ps(value);
}

BART_INLINE Vector fma(Vector x, Vector y, Vector z) {  // z + x * y
  return _mm512_fmadd_ps(x, y, z);
}

BART_INLINE Vector fnma(Vector x, Vector y, Vector z) {  // z - x * y
  return _mm512_fnmadd_ps(x, y, z);
}

/// The larger number; y where either is NaN.
BART_INLINE Vector larger(Vector x, Vector y) {
  return _mm512_max_ps(x, y);
}

BART_INLINE Vector load(const float* from) {
  return _mm512_loadu_ps(from);
}

/// Numbers `step` apart.
BART_INLINE Vector load_strided(const float* from, int step) {
  const __m512i lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  return _mm512_i32gather_ps(_mm512_mullo_epi32(lanes, _mm512_set1_epi32(step)), from, sizeof(float));
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

/// One vector of a group: floats as they are, bf16 in pairs.
BART_INLINE Vector lanes_of(const Vector* group, const float*) {
  return group[0];
}

BART_INLINE Vector lanes_of(const Vector* group, const Bf16*) {
  return _mm512_castsi512_ps(pairs(group[0], group[1]));
}

/// The lower and the upper half of the lanes.
BART_INLINE void store_halves(Vector v, void* lower, void* upper) {
  const __m512i bits = _mm512_castps_si512(v);
  _mm256_storeu_si256(static_cast<__m256i*>(lower), _mm512_castsi512_si256(bits));
  _mm256_storeu_si256(static_cast<__m256i*>(upper), _mm512_extracti64x4_epi64(bits, 1));
}

/// sum + x * w, or for bf16 the sum over pairs of it; one x for all lanes.
BART_INLINE Vector multiply_add(Vector sum, const float* x, Vector w) {
  return fma(constant(*x), w, sum);
}

BART_INLINE Vector multiply_add(Vector sum, const Bf16* x, Vector w) {
  int both;
  std::memcpy(&both, x, sizeof both);
  return _mm512_dpbf16_ps(sum, reinterpret_cast<__m512bh>(_mm512_set1_epi32(both)),
                          reinterpret_cast<__m512bh>(w));
}

}  // namespace
}  // namespace bart::winograd
