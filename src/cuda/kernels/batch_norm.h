#pragma once

#include <cstdint>

#include "block.h"
#include "number.h"
#include "parameters.h"

namespace bart::cuda {

inline constexpr int norm_rows = 8;  // that a block of threads reads at a time
inline constexpr int norm_threads = norm_channels * norm_rows;

/// The normalized and scaled value. The forward and the backward pass round alike, so that both find the same
/// ReLUs open and the same maxima.
BART_DEVICE float normalized(const NormArguments& norm, float value, int c) {
  return fmaf(value - norm.mean[c], norm.scale[c], norm.bias[c]);
}

/// How the arrays of a layer are read and written. Input and its gradient are of one format, output and its
/// gradient of another or the same.
template <class Value>
BART_DEVICE float input_at(const NormalizeArguments& a, std::int64_t i) {
  return to_float(static_cast<const Value*>(a.input)[i]);
}
template <class Value>
BART_DEVICE float gradient_at(const NormalizeArguments& a, std::int64_t i) {
  return to_float(static_cast<const Value*>(a.gradient)[i]);
}
template <class Value>
BART_DEVICE void put_output(const NormalizeArguments& a, std::int64_t i, float value) {
  static_cast<Value*>(a.output)[i] = Nearest<Value>::to(value);
}
template <class Value>
BART_DEVICE void put_input_gradient(const NormalizeArguments& a, std::int64_t i, float value) {
  static_cast<Value*>(a.input_gradient)[i] = Nearest<Value>::to(value);
}

/// The scale of a channel of a picture behind Dropout2d.
BART_DEVICE float kept(const NormalizeArguments& a, std::int64_t picture, int c) {
  if (a.keep == nullptr) return 1;
  return a.keep[picture * a.norm.channels + c] != 0 ? a.kept : 0;
}

/// The 2x2 pixels that one output pixel is made of.
struct Window {
  std::int64_t picture;
  std::int64_t first;  // the input pixel at its upper left

  BART_DEVICE static Window of(std::int64_t output_pixel, int size) {
    const int half = size / 2;
    const std::int64_t line = output_pixel / half, x = output_pixel % half;
    const std::int64_t picture = line / half, y = line % half;
    return {picture, (picture * size + 2 * y) * size + 2 * x};
  }
  BART_DEVICE std::int64_t pixel(int i, int size) const { return first + (i / 2) * size + i % 2; }
};

struct Largest {
  float value;
  int place;  // the first of equal ones in reading order, as in PyTorch
};
template <class Activation>
BART_DEVICE Largest largest_of(const NormalizeArguments& a, const Window& window, int c) {
  Largest largest = {normalized(a.norm, input_at<Activation>(a, window.first * a.norm.channels + c), c), 0};
  BART_UNROLL for (int i = 1; i < 4; ++i) {
    const float value =
        normalized(a.norm, input_at<Activation>(a, window.pixel(i, a.size) * a.norm.channels + c), c);
    // PyTorch's max-pooling lets what is not a number through.
    if (value > largest.value || value != value) largest = {value, i};
  }
  return largest;
}

BART_DEVICE float relu(float value) {
  return value < 0 ? 0 : value;  // what is not a number stays so
}

struct TwoSums {
  double a, b;
};

/// Per channel of a block two sums over the rows from `begin` to `end`, in a fixed order: visit(row, channel,
/// sums) adds a row's part, and take(channel, sums) gets the sums.
template <class Block, class Visit, class Take>
BART_DEVICE void sum_rows(const Block& block, int channels, std::int64_t begin, std::int64_t end,
                          const Visit& visit, const Take& take) {
  struct Shared {
    TwoSums sums[norm_threads];
  };
  BART_SHARED(Shared, shared);
  block.phase([&](int thread) {
    const int c = block.x() * norm_channels + thread % norm_channels;
    TwoSums sums = {0, 0};
    if (c < channels) {
      for (std::int64_t row = begin + thread / norm_channels; row < end; row += norm_rows)
        visit(row, c, sums);
    }
    shared.sums[thread] = sums;
  });
  block.phase([&](int thread) {
    const int c = block.x() * norm_channels + thread;
    if (thread >= norm_channels || c >= channels) return;
    TwoSums sums = {0, 0};
    for (int i = thread; i < norm_threads; i += norm_channels) {
      sums.a += shared.sums[i].a;
      sums.b += shared.sums[i].b;
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
  const auto add_chunk = [&](std::int64_t i, int c, TwoSums& sums) {
    sums.a += a.partial[i * channels + c];
    sums.b += a.partial[(a.chunks + i) * channels + c];
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
    sum_chunk(block, a, [&](std::int64_t row, int c, TwoSums& sums) {
      const double value = input_at<Activation>(layer, row * layer.norm.channels + c);
      sums.a += value;
      sums.b += value * value;
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

template <class Activation, class Output>
struct NormRelu {
  template <class Block>
  BART_DEVICE static void run(const Block& block, const NormalizeArguments& a) {
    block.each_thread([&](int thread) {
      const std::int64_t i = index_of(block, thread);
      const int channels = a.norm.channels;
      if (i >= a.norm.pixels * channels) return;
      put_output<Output>(
          a, i, relu(normalized(a.norm, input_at<Activation>(a, i), static_cast<int>(i % channels))));
    });
  }
};

template <class Activation, class Output>
struct NormReluPool {
  template <class Block>
  BART_DEVICE static void run(const Block& block, const NormalizeArguments& a) {
    block.each_thread([&](int thread) {
      const std::int64_t i = index_of(block, thread);
      const int channels = a.norm.channels;
      if (i >= a.norm.pixels / 4 * channels) return;
      const int c = static_cast<int>(i % channels);
      const Window window = Window::of(i / channels, a.size);
      const float factor = kept(a, window.picture, c);
      put_output<Output>(a, i, factor == 0 ? 0 : relu(largest_of<Activation>(a, window, c).value) * factor);
    });
  }
};

/// The gradient behind BatchNorm, and its product with the normalized input.
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
    sum_chunk(block, a, [&](std::int64_t row, int c, TwoSums& sums) {
      const std::int64_t i = row * layer.norm.channels + c;
      const float value = input_at<Activation>(layer, i);
      if (normalized(layer.norm, value, c) > 0)
        add_gradient(layer.norm, value, gradient_at<Activation>(layer, i), c, sums);
    });
  }
};

/// Its rows are the pixels behind the pooling.
template <class Activation, class Output>
struct PoolGradientSums {
  template <class Block>
  BART_DEVICE static void run(const Block& block, const NormSumsArguments& a) {
    const NormalizeArguments& layer = a.layer;
    const int channels = layer.norm.channels;
    sum_chunk(block, a, [&](std::int64_t row, int c, TwoSums& sums) {
      const Window window = Window::of(row, layer.size);
      const float factor = kept(layer, window.picture, c);
      if (factor == 0) return;
      const Largest largest = largest_of<Activation>(layer, window, c);
      if (!(largest.value > 0)) return;
      const float value = input_at<Activation>(layer, window.pixel(largest.place, layer.size) * channels + c);
      add_gradient(layer.norm, value, gradient_at<Output>(layer, row * channels + c) * factor, c, sums);
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

/// The gradient of BatchNorm's input, from that of its output (Ioffe and Szegedy 2015).
BART_DEVICE float input_gradient(const NormArguments& norm, float value, float gradient, int c) {
  const float unit = (value - norm.mean[c]) * norm.inverse_std[c];
  return norm.scale[c] * (gradient - norm.mean_gradient[c] - unit * norm.mean_product[c]);
}

template <class Activation>
struct NormReluBackward {
  template <class Block>
  BART_DEVICE static void run(const Block& block, const NormalizeArguments& a) {
    block.each_thread([&](int thread) {
      const std::int64_t i = index_of(block, thread);
      const int channels = a.norm.channels;
      if (i >= a.norm.pixels * channels) return;
      const int c = static_cast<int>(i % channels);
      const float value = input_at<Activation>(a, i);
      const float gradient = normalized(a.norm, value, c) > 0 ? gradient_at<Activation>(a, i) : 0;
      put_input_gradient<Activation>(a, i, input_gradient(a.norm, value, gradient, c));
    });
  }
};

template <class Activation, class Output>
struct NormReluPoolBackward {
  template <class Block>
  BART_DEVICE static void run(const Block& block, const NormalizeArguments& a) {
    block.each_thread([&](int thread) {
      const std::int64_t i = index_of(block, thread);
      const int channels = a.norm.channels;
      if (i >= a.norm.pixels / 4 * channels) return;
      const int c = static_cast<int>(i % channels);
      const Window window = Window::of(i / channels, a.size);
      const Largest largest = largest_of<Activation>(a, window, c);
      const float factor = kept(a, window.picture, c);
      const float gradient = factor == 0 || !(largest.value > 0) ? 0 : gradient_at<Output>(a, i) * factor;
      BART_UNROLL for (int k = 0; k < 4; ++k) {
        const std::int64_t place = window.pixel(k, a.size) * channels + c;
        put_input_gradient<Activation>(
            a, place,
            input_gradient(a.norm, input_at<Activation>(a, place), k == largest.place ? gradient : 0, c));
      }
    });
  }
};

}  // namespace bart::cuda
