#pragma once

#include <cstdint>

#include "block.h"
#include "four.h"
#include "normalize.h"
#include "parameters.h"

// The sums over pixels that BatchNorm needs, in double, both ways.

namespace bart::cuda {

inline constexpr int norm_threads = 256;
inline constexpr int norm_fours = norm_channels / 4;         // of channels, in a row
inline constexpr int norm_rows = norm_threads / norm_fours;  // that a block of threads reads at a time

struct TwoSums {
  double a, b;
};

/// Per channel of a block two sums over the rows from `begin` to `end`, in a fixed order: visit(row, first
/// channel, sums) adds the parts of four channels of a row, and take(channel, sums) gets the sums.
template <class Block, class Visit, class Take>
BART_DEVICE void sum_rows(const Block& block, int channels, std::int64_t begin, std::int64_t end,
                          const Visit& visit, const Take& take) {
  static_assert(Block::threads == norm_threads);
  struct Shared {
    TwoSums sums[norm_rows][norm_channels];
  };
  BART_SHARED(Shared, shared);
  block.phase([&](int thread) {
    const int place = thread % norm_fours * 4, first = block.x() * norm_channels + place;
    TwoSums sums[4] = {};
    if (first < channels) {
      for (std::int64_t row = begin + thread / norm_fours; row < end; row += norm_rows)
        visit(row, first, sums);
    }
    BART_UNROLL for (int k = 0; k < 4; ++k) shared.sums[thread / norm_fours][place + k] = sums[k];
  });
  block.phase([&](int thread) {
    const int c = block.x() * norm_channels + thread;
    if (thread >= norm_channels || c >= channels) return;
    TwoSums sums = {0, 0};
    for (int i = 0; i < norm_rows; ++i) {
      sums.a += shared.sums[i][thread].a;
      sums.b += shared.sums[i][thread].b;
    }
    take(c, sums);
  });
}

/// Per channel two sums over a chunk of rows, for sum_chunks().
template <class Block, class Visit>
BART_DEVICE void sum_chunk(const Block& block, const NormSumsArguments& a, const Visit& visit) {
  const int channels = a.layer.norm.channels;
  const std::int64_t begin = block.y() * a.chunk;
  const std::int64_t end = begin + a.chunk < a.rows ? begin + a.chunk : a.rows;
  sum_rows(block, channels, begin, end, visit, [&](int c, const TwoSums& sums) {
    a.partial[static_cast<std::int64_t>(block.y()) * channels + c] = sums.a;
    a.partial[(static_cast<std::int64_t>(a.chunks) + block.y()) * channels + c] = sums.b;
  });
}

/// Adds the chunks of each channel up and calls take(channel, sums).
template <class Block, class Take>
BART_DEVICE void sum_chunks(const Block& block, const NormSumsArguments& a, const Take& take) {
  const int channels = a.layer.norm.channels;
  const auto add_chunk = [&](std::int64_t i, int first, TwoSums* sums) {
    BART_UNROLL for (int k = 0; k < 4; ++k) {
      if (first + k >= channels) continue;
      sums[k].a += a.partial[i * channels + first + k];
      sums[k].b += a.partial[(a.chunks + i) * channels + first + k];
    }
  };
  sum_rows(block, channels, 0, a.chunks, add_chunk, take);
}

BART_DEVICE void set_scale(const NormArguments& norm, int c, double mean, double variance) {
  const double inverse_std = 1 / sqrt(variance + 1e-5);
  norm.mean[c] = static_cast<float>(mean);
  norm.inverse_std[c] = static_cast<float>(inverse_std);
  norm.scale[c] = static_cast<float>(norm.weight[c] * inverse_std);
}

template <class Activation>
struct NormSums {
  /// Squares of floats are exact in double, and so the variance is as if it were computed in two passes.
  template <class Block>
  BART_DEVICE static void run(const Block& block, const NormSumsArguments& a) {
    const NormalizeArguments& layer = a.layer;
    sum_chunk(block, a, [&](std::int64_t row, int first, TwoSums* sums) {
      const Four<float> values = read_four<Activation>(layer.input, row, first, layer.norm.channels);
      BART_UNROLL for (int k = 0; k < 4; ++k) {
        const double value = values.values[k];
        sums[k].a += value;
        sums[k].b += value * value;
      }
    });
  }
};

struct NormStatistics {
  template <class Block>
  BART_DEVICE static void run(const Block& block, const NormSumsArguments& a) {
    const NormArguments& norm = a.layer.norm;
    sum_chunks(block, a, [&](int c, const TwoSums& sums) {
      const auto n = static_cast<double>(norm.pixels);
      const double mean = sums.a / n;
      double variance = sums.b / n - mean * mean;
      if (variance < 0) variance = 0;
      set_scale(norm, c, mean, variance);
      // As on the processor, a single value has the variance 0.
      const double unbiased = variance * n / (n > 1 ? n - 1 : 1);
      norm.running_mean[c] = static_cast<float>(0.9 * norm.running_mean[c] + 0.1 * mean);
      norm.running_var[c] = static_cast<float>(0.9 * norm.running_var[c] + 0.1 * unbiased);
    });
  }
};

/// The running statistics in place of the batch's.
struct NormRunning {
  template <class Block>
  BART_DEVICE static void run(const Block& block, const NormArguments& norm) {
    block.each_thread([&](int thread) {
      const auto c = static_cast<int>(index_of(block, thread));
      if (c < norm.channels) set_scale(norm, c, norm.running_mean[c], norm.running_var[c]);
    });
  }
};

/// The gradient after BatchNorm, and its product with the normalized input.
BART_DEVICE void add_gradient(const NormArguments& norm, float value, float gradient, int c, TwoSums& sums) {
  sums.a += gradient;
  sums.b +=
      static_cast<double>(gradient) * ((static_cast<double>(value) - norm.mean[c]) * norm.inverse_std[c]);
}

template <class Activation>
struct ReluGradientSums {
  template <class Block>
  BART_DEVICE static void run(const Block& block, const NormSumsArguments& a) {
    const NormalizeArguments& layer = a.layer;
    const int channels = layer.norm.channels;
    sum_chunk(block, a, [&](std::int64_t row, int first, TwoSums* sums) {
      const Normalization norm = Normalization::of(layer.norm, first);
      const Four<float> values = read_four<Activation>(layer.input, row, first, channels);
      const Four<float> gradients = read_four<Activation>(layer.gradient, row, first, channels);
      BART_UNROLL for (int k = 0; k < 4; ++k) {
        if (first + k >= channels || !(norm.at(values.values[k], k) > 0)) continue;
        add_gradient(layer.norm, values.values[k], gradients.values[k], first + k, sums[k]);
      }
    });
  }
};

/// Its rows are the pixels after the pooling.
template <class Activation, class Output>
struct PoolGradientSums {
  template <class Block>
  BART_DEVICE static void run(const Block& block, const NormSumsArguments& a) {
    const NormalizeArguments& layer = a.layer;
    const int channels = layer.norm.channels;
    sum_chunk(block, a, [&](std::int64_t row, int first, TwoSums* sums) {
      const Window window = Window::of(row, layer.size);
      const Four<float> factors = kept(layer, window.picture, first);
      const auto pooled = Pooled<Activation>::of(layer, window, first);
      const Four<float> gradients = read_four<Output>(layer.gradient, row, first, channels);
      BART_UNROLL for (int k = 0; k < 4; ++k) {
        const float factor = factors.values[k];
        if (first + k >= channels || factor == 0 || !(pooled.largest.values[k] > 0)) continue;
        add_gradient(layer.norm, pooled.at_largest.values[k], gradients.values[k] * factor, first + k,
                     sums[k]);
      }
    });
  }
};

struct NormGradients {
  template <class Block>
  BART_DEVICE static void run(const Block& block, const NormSumsArguments& a) {
    const NormArguments& norm = a.layer.norm;
    sum_chunks(block, a, [&](int c, const TwoSums& sums) {
      norm.bias_gradient[c] = static_cast<float>(sums.a);
      norm.weight_gradient[c] = static_cast<float>(sums.b);
      norm.mean_gradient[c] = static_cast<float>(sums.a / static_cast<double>(norm.pixels));
      norm.mean_product[c] = static_cast<float>(sums.b / static_cast<double>(norm.pixels));
    });
  }
};

}  // namespace bart::cuda
