#pragma once

#include <cstdint>

#include "block.h"
#include "parameters.h"

// What is computed value by value, or by short sums.

namespace bart::cuda {

BART_DEVICE float sum_of_pieces(const AddPiecesArguments& a, std::int64_t i) {
  float sum = a.pieces[i];
  for (std::int64_t piece = 1; piece < a.pieces_count; ++piece) sum += a.pieces[piece * a.count + i];
  if (a.bias != nullptr) sum += a.bias[i % a.columns];
  return sum;
}

struct AddPieces {
  template <class Block>
  BART_DEVICE static void run(const Block& block, const AddPiecesArguments& a) {
    block.each_thread([&](int thread) {
      const std::int64_t i = index_of(block, thread);
      if (i < a.count) a.result[i] = sum_of_pieces(a, i);
    });
  }
};

struct HiddenForward {
  template <class Block>
  BART_DEVICE static void run(const Block& block, const HiddenArguments& a) {
    block.each_thread([&](int thread) {
      const std::int64_t i = index_of(block, thread);
      if (i >= a.sum.count) return;
      const float value = sum_of_pieces(a.sum, i);
      const float open = value < 0 ? 0 : value;
      a.sum.result[i] = a.keep == nullptr ? open : a.keep[i] != 0 ? open * a.scale : 0;
    });
  }
};

struct HiddenGradient {
  template <class Block>
  BART_DEVICE static void run(const Block& block, const HiddenGradientArguments& a) {
    block.each_thread([&](int thread) {
      const std::int64_t i = index_of(block, thread);
      if (i < a.count) a.gradient[i] = a.output[i] > 0 ? a.gradient[i] * a.scale : 0;
    });
  }
};

struct ColumnSums {
  template <class Block>
  BART_DEVICE static void run(const Block& block, const ColumnSumsArguments& a) {
    block.each_thread([&](int thread) {
      const std::int64_t column = index_of(block, thread);
      if (column >= a.columns) return;
      float sum = 0;
      for (std::int64_t row = 0; row < a.rows; ++row) sum += a.matrix[row * a.columns + column];
      a.sums[column] = sum;
    });
  }
};

struct TurnWeights {
  template <class Block>
  BART_DEVICE static void run(const Block& block, const TurnWeightsArguments& a) {
    block.each_thread([&](int thread) {
      const std::int64_t i = index_of(block, thread);
      if (i >= std::int64_t{9} * a.in_channels * a.out_channels) return;
      const std::int64_t out = i % a.out_channels, tap = i / a.out_channels % 9, in = i / a.out_channels / 9;
      a.turned[i] = a.weights[(out * 9 + 8 - tap) * a.in_channels + in];
    });
  }
};

}  // namespace bart::cuda
