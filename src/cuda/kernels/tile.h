#pragma once

#include "block.h"
#include "number.h"
#include "tile_arithmetic.h"

#ifdef __CUDACC__
#include <cuda_bf16.h>
#include <mma.h>
#endif

// A warp's part of a matrix product: 32 x 32 results. In f32 each lane multiplies and adds; in bf16 and TF32
// the tensor cores do, from NVIDIA's architecture 8.0 on. The processor, and GPUs of architecture 7.5,
// multiply what is rounded to these formats in f32, as tensor cores do: a product of two such numbers is
// exact in f32.

namespace bart::cuda {

inline constexpr int warp_tile = 32;  // rows and columns of a warp's results

#ifdef __CUDACC__
#if __CUDA_ARCH__ >= 800
#define BART_TENSOR_CORES 1
#else
#define BART_TENSOR_CORES 0
#endif
#else
#define BART_TENSOR_CORES 0
#endif

/// How a number lies in a tile.
template <Arithmetic arithmetic>
struct Stored {
  using Value = float;
};

#ifdef __CUDACC__
template <>
struct Stored<Arithmetic::bf16> {
  using Value = __nv_bfloat16;
};
#endif

template <Arithmetic arithmetic>
BART_DEVICE typename Stored<arithmetic>::Value stored(float value) {
#ifdef __CUDACC__
  if constexpr (arithmetic == Arithmetic::bf16) {
    return __float2bfloat16_rn(value);
  } else if constexpr (arithmetic == Arithmetic::tf32) {
#if BART_TENSOR_CORES
    return nvcuda::wmma::__float_to_tf32(value);
#else
    return __uint_as_float((__float_as_uint(value) + 0x1000u) & ~0x1fffu);
#endif
  } else {
    return value;
  }
#else
  if constexpr (arithmetic == Arithmetic::bf16) return to_float(Nearest<Bf16>::to(value));
  if (arithmetic == Arithmetic::f32 || !(std::abs(value) < INFINITY)) return value;
  std::uint32_t bits = 0;
  std::memcpy(&bits, &value, sizeof bits);
  bits = (bits + 0x1000u) & ~0x1fffu;  // to nearest, ties away from zero, as cvt.rna.tf32
  std::memcpy(&value, &bits, sizeof bits);
  return value;
#endif
}

/// The same of a number that has this format already.
template <Arithmetic arithmetic>
BART_DEVICE typename Stored<arithmetic>::Value stored(Bf16 value) {
  static_assert(arithmetic == Arithmetic::bf16);
#ifdef __CUDACC__
  return __ushort_as_bfloat16(value.bits);
#else
  return to_float(value);
#endif
}

template <Arithmetic arithmetic>
BART_DEVICE float loaded(typename Stored<arithmetic>::Value value) {
#ifdef __CUDACC__
  if constexpr (arithmetic == Arithmetic::bf16) return __bfloat162float(value);
#endif
  if constexpr (arithmetic != Arithmetic::bf16 || sizeof(value) == sizeof(float)) return value;
}

/// `rows` rows of tile_depth numbers. They lie one after the other, or `turned`: number after number of all
/// rows. The padding keeps neighbours on different banks of the shared memory, and fragments on boundaries of
/// 32 bytes.
template <Arithmetic arithmetic, int rows_, bool turned_>
struct Tile {
  using Value = typename Stored<arithmetic>::Value;
  static constexpr int rows = rows_;
  static constexpr bool turned = turned_;
  static constexpr int leading = (turned ? rows : tile_depth) + 16 / static_cast<int>(sizeof(Value));
  alignas(32) Value values[(turned ? tile_depth : rows) * leading];

  BART_DEVICE Value& at(int row, int k) { return values[turned ? k * leading + row : row * leading + k]; }
  BART_DEVICE const Value& at(int row, int k) const {
    return values[turned ? k * leading + row : row * leading + k];
  }
};

/// The results of a warp. multiply() adds left[row .. row + 32) * right[column .. column + 32)^T over the
/// depth of a tile; store() writes them into rows of `leading` floats.
template <Arithmetic arithmetic>
struct WarpTile {
#ifdef __CUDACC__
  static constexpr int row_lanes = 8, column_lanes = 4;
  float sums[warp_tile / row_lanes][warp_tile / column_lanes];

  BART_DEVICE void clear() {
    BART_UNROLL for (auto& row : sums) {
      BART_UNROLL for (float& sum : row) sum = 0;
    }
  }
  template <class Left, class Right>
  BART_DEVICE void multiply(const Left& left, int row, const Right& right, int column) {
    const int lane = static_cast<int>(threadIdx.x) % warp_lanes;
    row += lane / column_lanes;
    column += lane % column_lanes;
    BART_UNROLL for (int k = 0; k < tile_depth; ++k) {
      float a[warp_tile / row_lanes], b[warp_tile / column_lanes];
      BART_UNROLL for (int i = 0; i < warp_tile / row_lanes; ++i) {
        a[i] = loaded<arithmetic>(left.at(row + i * row_lanes, k));
      }
      BART_UNROLL for (int j = 0; j < warp_tile / column_lanes; ++j) {
        b[j] = loaded<arithmetic>(right.at(column + j * column_lanes, k));
      }
      BART_UNROLL for (int i = 0; i < warp_tile / row_lanes; ++i) {
        BART_UNROLL for (int j = 0; j < warp_tile / column_lanes; ++j) {
          sums[i][j] = fmaf(a[i], b[j], sums[i][j]);
        }
      }
    }
  }
  BART_DEVICE void store(float* to, int leading) const {
    const int lane = static_cast<int>(threadIdx.x) % warp_lanes;
    to += lane / column_lanes * leading + lane % column_lanes;
    BART_UNROLL for (int i = 0; i < warp_tile / row_lanes; ++i) {
      BART_UNROLL for (int j = 0; j < warp_tile / column_lanes; ++j) {
        to[i * row_lanes * leading + j * column_lanes] = sums[i][j];
      }
    }
  }
#else
  float sums[warp_tile][warp_tile];

  void clear() {
    std::memset(sums, 0, sizeof sums);
  }
  template <class Left, class Right>
  void multiply(const Left& left, int row, const Right& right, int column) {
    float b[tile_depth][warp_tile];
    for (int k = 0; k < tile_depth; ++k) {
      for (int j = 0; j < warp_tile; ++j) b[k][j] = right.at(column + j, k);
    }
    for (int i = 0; i < warp_tile; ++i) {
      for (int k = 0; k < tile_depth; ++k) {
        const float a = left.at(row + i, k);
        for (int j = 0; j < warp_tile; ++j) sums[i][j] += a * b[k][j];
      }
    }
  }
  void store(float* to, int leading) const {
    for (int i = 0; i < warp_tile; ++i) std::memcpy(to + i * leading, sums[i], sizeof sums[i]);
  }
#endif
};

#if BART_TENSOR_CORES

/// On tensor cores, by fragments of 16 x 16 results and a depth of `step`.
template <class Value, class Number, int step>
struct TensorTile {
  static constexpr int side = 16, parts = warp_tile / side;
  nvcuda::wmma::fragment<nvcuda::wmma::accumulator, side, side, step, float> sums[parts][parts];

  BART_DEVICE void clear() {
    BART_UNROLL for (auto& row : sums) {
      BART_UNROLL for (auto& sum : row) nvcuda::wmma::fill_fragment(sum, 0.0f);
    }
  }
  template <class Left, class Right>
  BART_DEVICE void multiply(const Left& left, int row, const Right& right, int column) {
    using namespace nvcuda;
    using LeftLayout = std::conditional_t<Left::turned, wmma::col_major, wmma::row_major>;
    using RightLayout = std::conditional_t<Right::turned, wmma::row_major, wmma::col_major>;
    BART_UNROLL for (int k = 0; k < tile_depth; k += step) {
      wmma::fragment<wmma::matrix_a, side, side, step, Number, LeftLayout> a[parts];
      wmma::fragment<wmma::matrix_b, side, side, step, Number, RightLayout> b[parts];
      BART_UNROLL for (int i = 0; i < parts; ++i) {
        wmma::load_matrix_sync(a[i], &left.at(row + i * side, k), Left::leading);
        wmma::load_matrix_sync(b[i], &right.at(column + i * side, k), Right::leading);
      }
      BART_UNROLL for (int i = 0; i < parts; ++i) {
        BART_UNROLL for (int j = 0; j < parts; ++j) wmma::mma_sync(sums[i][j], a[i], b[j], sums[i][j]);
      }
    }
  }
  BART_DEVICE void store(float* to, int leading) const {
    BART_UNROLL for (int i = 0; i < parts; ++i) {
      BART_UNROLL for (int j = 0; j < parts; ++j) {
        nvcuda::wmma::store_matrix_sync(to + i * side * leading + j * side, sums[i][j],
                                        static_cast<unsigned>(leading), nvcuda::wmma::mem_row_major);
      }
    }
  }
};

template <>
struct WarpTile<Arithmetic::tf32> : TensorTile<float, nvcuda::wmma::precision::tf32, 8> {};
template <>
struct WarpTile<Arithmetic::bf16> : TensorTile<__nv_bfloat16, __nv_bfloat16, 16> {};

#endif

}  // namespace bart::cuda
