#pragma once

#include <cstdint>

#include "operands.h"
#include "parameters.h"
#include "tile.h"

namespace bart::cuda {

inline constexpr int multiply_threads = 128;
inline constexpr int multiply_warps = multiply_threads / warp_lanes;

/// How a block moves its share of a factor into a tile. The rows of a matrix are those of the tile, and its
/// columns the depth; or `turned`, its rows are the depth. Each thread takes the same places of every tile:
/// four neighbours in each of `visits` rows of the matrix.
template <class Matrix, class TileType>
struct Loader {
  static constexpr bool turned = TileType::turned;
  static constexpr int groups = (turned ? TileType::rows : tile_depth) / 4;  // of four neighbours, in a row
  static constexpr int stride = multiply_threads / groups;                   // from row to row of a thread
  static constexpr int visits = (turned ? tile_depth : TileType::rows) / stride;

  struct Fetched {
    Four<typename Matrix::Value> fours[visits];
  };
  struct Rows {
    typename Matrix::Row rows[visits];
  };

  BART_DEVICE static void find(const Matrix& matrix, int thread, std::int64_t first, Rows& rows) {
    BART_UNROLL for (int i = 0; i < visits; ++i) {
      rows.rows[i] = matrix.row(first + thread / groups + i * stride);
    }
  }
  BART_DEVICE static void fetch(const Matrix& matrix, int thread, const Rows& rows, int first,
                                Fetched& fetched) {
    BART_UNROLL for (int i = 0; i < visits; ++i) {
      fetched.fours[i] = matrix.four(rows.rows[i], first + thread % groups * 4);
    }
  }
  template <Arithmetic arithmetic>
  BART_DEVICE static void put(int thread, const Fetched& fetched, TileType& tile) {
    BART_UNROLL for (int i = 0; i < visits; ++i) {
      const int row = thread / groups + i * stride, column = thread % groups * 4;
      BART_UNROLL for (int j = 0; j < 4; ++j) {
        auto& place = turned ? tile.at(column + j, row) : tile.at(row, column + j);
        place = stored<arithmetic>(fetched.fours[i].values[j]);
      }
    }
  }
};

/// output = left * right^T, or of the turned factors, by blocks of warps_down x warps_across warps. A block
/// computes a piece of the depth.
template <Arithmetic arithmetic, class Output, int warps_down, int warps_across, bool left_turned,
          bool right_turned, class Block, class Left, class Right>
BART_DEVICE void multiply(const Block& block, const Left& left, const Right& right, const Product& product) {
  static_assert(warps_down * warps_across == multiply_warps && Block::threads == multiply_threads);
  constexpr int rows = warps_down * warp_tile, columns = warps_across * warp_tile;
  using LeftTile = Tile<arithmetic, rows, left_turned>;
  using RightTile = Tile<arithmetic, columns, right_turned>;
  using LoadLeft = Loader<Left, LeftTile>;
  using LoadRight = Loader<Right, RightTile>;
  constexpr int output_leading = columns + 4;
  struct Tiles {
    LeftTile left;
    RightTile right;
  };
  union Shared {
    Tiles tiles;
    alignas(32) float output[rows * output_leading];
  };
  BART_SHARED(Shared, shared);

  const std::int64_t first_row = static_cast<std::int64_t>(block.x()) * rows;
  const int first_column = block.y() * columns;
  const std::int64_t begin = block.z() * product.piece;
  const std::int64_t end = begin + product.piece < product.depth ? begin + product.piece : product.depth;
  const auto tiles = static_cast<int>((end - begin + tile_depth - 1) / tile_depth);

  struct State {
    typename LoadLeft::Rows left_rows;
    typename LoadRight::Rows right_rows;
    typename LoadLeft::Fetched left;
    typename LoadRight::Fetched right;
  };
  Each<State, multiply_threads> states;
  Each<WarpTile<arithmetic>, multiply_warps> sums;

  // A factor whose rows are the depth is found anew for each tile.
  const auto fetch = [&](int thread, int tile) {
    State& state = states[thread];
    const std::int64_t k = begin + static_cast<std::int64_t>(tile) * tile_depth;
    if constexpr (left_turned) {
      LoadLeft::find(left, thread, k, state.left_rows);
      LoadLeft::fetch(left, thread, state.left_rows, static_cast<int>(first_row), state.left);
    } else {
      LoadLeft::fetch(left, thread, state.left_rows, static_cast<int>(k), state.left);
    }
    if constexpr (right_turned) {
      LoadRight::find(right, thread, k, state.right_rows);
      LoadRight::fetch(right, thread, state.right_rows, first_column, state.right);
    } else {
      LoadRight::fetch(right, thread, state.right_rows, static_cast<int>(k), state.right);
    }
  };

  block.warp_phase([&](int warp) { sums[warp].clear(); });
  block.each_thread([&](int thread) {
    State& state = states[thread];
    if constexpr (!left_turned) LoadLeft::find(left, thread, first_row, state.left_rows);
    if constexpr (!right_turned) LoadRight::find(right, thread, first_column, state.right_rows);
    fetch(thread, 0);
  });
  for (int tile = 0; tile < tiles; ++tile) {
    block.phase([&](int thread) {
      LoadLeft::template put<arithmetic>(thread, states[thread].left, shared.tiles.left);
      LoadRight::template put<arithmetic>(thread, states[thread].right, shared.tiles.right);
    });
    // The next tile is on the way while this one is multiplied.
    block.each_thread([&](int thread) {
      if (tile + 1 < tiles) fetch(thread, tile + 1);
    });
    block.warp_phase([&](int warp) {
      sums[warp].multiply(shared.tiles.left, warp / warps_across * warp_tile, shared.tiles.right,
                          warp % warps_across * warp_tile);
    });
  }

  block.warp_phase([&](int warp) {
    float* to =
        shared.output + warp / warps_across * warp_tile * output_leading + warp % warps_across * warp_tile;
    sums[warp].store(to, output_leading);
  });
  block.phase([&](int thread) {
    for (int i = thread; i < rows * columns; i += multiply_threads) {
      const std::int64_t row = first_row + i / columns;
      const int column = first_column + i % columns;
      if (row >= product.rows || column >= product.columns) continue;
      float value = shared.output[i / columns * output_leading + i % columns];
      if (product.bias != nullptr) value += product.bias[column];
      static_cast<Output*>(product.output)[(block.z() * product.rows + row) * product.columns + column] =
          Nearest<Output>::to(value);
    }
  });
}

template <Arithmetic arithmetic, int warps_down, int warps_across>
struct Convolution {
  template <class Block>
  BART_DEVICE static void run(const Block& block, const ConvolutionArguments& a) {
    using Activation = typename ActivationOf<arithmetic>::Value;
    multiply<arithmetic, Activation, warps_down, warps_across, false, false>(
        block,
        Patches<Activation>{static_cast<const Activation*>(a.input), a.product.rows, a.size, a.in_channels},
        DenseMatrix<float>{a.weights, a.product.columns, 9 * a.in_channels}, a.product);
  }
};

template <Arithmetic arithmetic, int warps_down, int warps_across>
struct WeightGradient {
  template <class Block>
  BART_DEVICE static void run(const Block& block, const WeightGradientArguments& a) {
    using Activation = typename ActivationOf<arithmetic>::Value;
    multiply<arithmetic, float, warps_down, warps_across, true, true>(
        block,
        DenseMatrix<Activation>{static_cast<const Activation*>(a.gradient), a.product.depth,
                                static_cast<int>(a.product.rows)},
        Patches<Activation>{static_cast<const Activation*>(a.input), a.product.depth, a.size, a.in_channels},
        a.product);
  }
};

/// output [rows, columns] = left [rows, depth] * right^T, which is [columns, depth]; or right [depth,
/// columns].
template <int warps_down, int warps_across, bool left_turned, bool right_turned>
struct MatrixProduct {
  template <class Block>
  BART_DEVICE static void run(const Block& block, const MatrixArguments& a) {
    const auto depth = static_cast<int>(a.product.depth), rows = static_cast<int>(a.product.rows);
    using Matrix = DenseMatrix<float>;
    const Matrix left = left_turned ? Matrix{a.left, depth, rows} : Matrix{a.left, rows, depth};
    const Matrix right =
        right_turned ? Matrix{a.right, depth, a.product.columns} : Matrix{a.right, a.product.columns, depth};
    multiply<Arithmetic::f32, float, warps_down, warps_across, left_turned, right_turned>(block, left, right,
                                                                                          a.product);
  }
};

}  // namespace bart::cuda
