#pragma once

// Vectors of 8 channels, only for winograd_avx2.cpp: everything that includes this is compiled for AVX2.

#include <immintrin.h>

#include <cstdint>

#include "activations.h"

#define BART_INLINE inline __attribute__((always_inline))

namespace bart::winograd {
namespace {

using Vector = __m256;

/// Whether there are 32 vector registers instead of 16.
constexpr bool many_registers = false;

constexpr int block = 8;  // channels of a vector

// Rows of the register tile, which is two vectors wide: for many tiles, for few tiles, for the weight
// gradient. This uses the 16 registers.
constexpr int many_tiles = 6, few_tiles = 4, gradient_rows = 4;

/// The share of the second-level cache for a job; the cache has at least 256 KiB, usually 512.
constexpr std::int64_t cache_bytes = 200 << 10;

/// The type of transformed activations: floats, because there are no instructions that multiply bf16.
template <class E>
using Transformed = float;

BART_INLINE Vector constant(float value) {
  return _mm256_set1_ps(value);
}

BART_INLINE Vector fma(Vector x, Vector y, Vector z) {  // z + x * y
  return _mm256_fmadd_ps(x, y, z);
}

BART_INLINE Vector fnma(Vector x, Vector y, Vector z) {  // z - x * y
  return _mm256_fnmadd_ps(x, y, z);
}

/// The larger number; y where either is NaN.
BART_INLINE Vector larger(Vector x, Vector y) {
  return _mm256_max_ps(x, y);
}

BART_INLINE Vector load(const float* from) {
  return _mm256_loadu_ps(from);
}

/// Numbers `step` apart.
BART_INLINE Vector load_strided(const float* from, int step) {
  const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  return _mm256_i32gather_ps(from, _mm256_mullo_epi32(lanes, _mm256_set1_epi32(step)), sizeof(float));
}

BART_INLINE Vector load(const Bf16* from) {
  const __m128i bits = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(bits), 16));
}

BART_INLINE void store(Vector v, float* to) {
  _mm256_storeu_ps(to, v);
}

/// Rounded to the nearest, ties to even; NaN stays NaN.
BART_INLINE void store(Vector v, Bf16* to) {
  const __m256i bits = _mm256_castps_si256(v);
  const __m256i odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
  const __m256i nearest = _mm256_add_epi32(bits, _mm256_add_epi32(odd, _mm256_set1_epi32(0x7fff)));
  const __m256i quiet = _mm256_or_si256(bits, _mm256_set1_epi32(0x400000));
  const __m256i nan = _mm256_castps_si256(_mm256_cmp_ps(v, v, _CMP_UNORD_Q));
  const __m256i upper = _mm256_srli_epi32(_mm256_blendv_epi8(nearest, quiet, nan), 16);
  const __m128i halves = _mm_packus_epi32(_mm256_castsi256_si128(upper), _mm256_extracti128_si256(upper, 1));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to), halves);
}

BART_INLINE Vector lanes_of(const Vector* group, const float*) {
  return group[0];
}

/// The lower and the upper half of the lanes.
BART_INLINE void store_halves(Vector v, float* lower, float* upper) {
  _mm_storeu_ps(lower, _mm256_castps256_ps128(v));
  _mm_storeu_ps(upper, _mm256_extractf128_ps(v, 1));
}

/// sum + x * w; one x for all lanes.
BART_INLINE Vector multiply_add(Vector sum, const float* x, Vector w) {
  return fma(constant(*x), w, sum);
}

}  // namespace
}  // namespace bart::winograd
