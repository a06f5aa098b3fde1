#pragma once

#include <cstdint>

#include "block.h"
#include "four.h"
#include "parameters.h"

// BatchNorm, ReLU and at the end of a block max-pooling and Dropout2d in one pass, both ways.

namespace bart::cuda {

BART_DEVICE float relu(float value) {
  return value < 0 ? 0 : value;  // what is not a number stays so
}

/// Four channels of a layer: how they are normalized and scaled. The forward and the backward pass round
/// alike, so that both find the same ReLUs open and the same maxima.
struct Normalization {
  Four<float> mean, scale, bias;

  BART_DEVICE static Normalization of(const NormArguments& norm, int first) {
    return {read_four<float>(norm.mean, 0, first, norm.channels),
            read_four<float>(norm.scale, 0, first, norm.channels),
            read_four<float>(norm.bias, 0, first, norm.channels)};
  }
  /// Of the channel k of the four.
  BART_DEVICE float at(float value, int k) const {
    return fmaf(value - mean.values[k], scale.values[k], bias.values[k]);
  }
};

/// What a thread works on: four channels of a row.
struct Place {
  std::int64_t row;
  int first;

  BART_DEVICE static Place of(std::int64_t i, int channels) {
    const int fours = fours_of(channels);
    return {i / fours, static_cast<int>(i % fours) * 4};
  }
};

/// The scales of four channels of a picture after Dropout2d.
BART_DEVICE Four<float> kept(const NormalizeArguments& a, std::int64_t picture, int first) {
  Four<float> scales = {{1, 1, 1, 1}};
  if (a.keep == nullptr) return scales;
  BART_UNROLL for (int k = 0; k < 4; ++k) {
    const int c = first + k;
    if (c < a.norm.channels) scales.values[k] = a.keep[picture * a.norm.channels + c] != 0 ? a.kept : 0;
  }
  return scales;
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

/// Four channels of a window: its inputs, and the largest normalized ones.
template <class Activation>
struct Pooled {
  Four<float> inputs[4];  // of each pixel
  Four<float> largest;
  int places[4];           // the first of equal ones in reading order, as in PyTorch
  Four<float> at_largest;  // the inputs there

  BART_DEVICE static Pooled of(const NormalizeArguments& a, const Window& window, int first) {
    const Normalization norm = Normalization::of(a.norm, first);
    Pooled p;
    BART_UNROLL for (int i = 0; i < 4; ++i) {
      p.inputs[i] = read_four<Activation>(a.input, window.pixel(i, a.size), first, a.norm.channels);
    }
    BART_UNROLL for (int k = 0; k < 4; ++k) {
      p.largest.values[k] = norm.at(p.inputs[0].values[k], k);
      p.at_largest.values[k] = p.inputs[0].values[k];
      p.places[k] = 0;
      BART_UNROLL for (int i = 1; i < 4; ++i) {
        const float value = norm.at(p.inputs[i].values[k], k);
        // PyTorch's max-pooling lets what is not a number through.
        if (!(value > p.largest.values[k] || value != value)) continue;
        p.largest.values[k] = value;
        p.at_largest.values[k] = p.inputs[i].values[k];
        p.places[k] = i;
      }
    }
    return p;
  }
};

/// Calls work(place) in the threads that have one of `rows` rows.
template <class Block, class Work>
BART_DEVICE void each_place(const Block& block, std::int64_t rows, int channels, const Work& work) {
  block.each_thread([&](int thread) {
    const Place place = Place::of(index_of(block, thread), channels);
    if (place.row < rows) work(place);
  });
}

template <class Activation, class Output>
struct NormRelu {
  template <class Block>
  BART_DEVICE static void run(const Block& block, const NormalizeArguments& a) {
    const int channels = a.norm.channels;
    each_place(block, a.norm.pixels, channels, [&](const Place& place) {
      const Normalization norm = Normalization::of(a.norm, place.first);
      Four<float> values = read_four<Activation>(a.input, place.row, place.first, channels);
      BART_UNROLL for (int k = 0; k < 4; ++k) values.values[k] = relu(norm.at(values.values[k], k));
      write_four<Output>(a.output, place.row, place.first, channels, values);
    });
  }
};

template <class Activation, class Output>
struct NormReluPool {
  template <class Block>
  BART_DEVICE static void run(const Block& block, const NormalizeArguments& a) {
    const int channels = a.norm.channels;
    each_place(block, a.norm.pixels / 4, channels, [&](const Place& place) {
      const Window window = Window::of(place.row, a.size);
      const Four<float> factors = kept(a, window.picture, place.first);
      const auto pooled = Pooled<Activation>::of(a, window, place.first);
      Four<float> values;
      BART_UNROLL for (int k = 0; k < 4; ++k) {
        const float factor = factors.values[k];
        values.values[k] = factor == 0 ? 0 : relu(pooled.largest.values[k]) * factor;
      }
      write_four<Output>(a.output, place.row, place.first, channels, values);
    });
  }
};

/// The gradient of BatchNorm's input, from that of its output (Ioffe and Szegedy 2015), for four channels.
struct InputGradient {
  Four<float> mean, inverse_std, scale, mean_gradient, mean_product;

  BART_DEVICE static InputGradient of(const NormArguments& norm, int first) {
    return {read_four<float>(norm.mean, 0, first, norm.channels),
            read_four<float>(norm.inverse_std, 0, first, norm.channels),
            read_four<float>(norm.scale, 0, first, norm.channels),
            read_four<float>(norm.mean_gradient, 0, first, norm.channels),
            read_four<float>(norm.mean_product, 0, first, norm.channels)};
  }
  BART_DEVICE float at(float value, float gradient, int k) const {
    const float unit = (value - mean.values[k]) * inverse_std.values[k];
    return scale.values[k] * (gradient - mean_gradient.values[k] - unit * mean_product.values[k]);
  }
};

template <class Activation>
struct NormReluBackward {
  template <class Block>
  BART_DEVICE static void run(const Block& block, const NormalizeArguments& a) {
    const int channels = a.norm.channels;
    each_place(block, a.norm.pixels, channels, [&](const Place& place) {
      const Normalization norm = Normalization::of(a.norm, place.first);
      const InputGradient input = InputGradient::of(a.norm, place.first);
      const Four<float> values = read_four<Activation>(a.input, place.row, place.first, channels);
      Four<float> gradients = read_four<Activation>(a.gradient, place.row, place.first, channels);
      BART_UNROLL for (int k = 0; k < 4; ++k) {
        const float value = values.values[k];
        const float gradient = norm.at(value, k) > 0 ? gradients.values[k] : 0;
        gradients.values[k] = input.at(value, gradient, k);
      }
      write_four<Activation>(a.input_gradient, place.row, place.first, channels, gradients);
    });
  }
};

template <class Activation, class Output>
struct NormReluPoolBackward {
  template <class Block>
  BART_DEVICE static void run(const Block& block, const NormalizeArguments& a) {
    const int channels = a.norm.channels;
    each_place(block, a.norm.pixels / 4, channels, [&](const Place& place) {
      const Window window = Window::of(place.row, a.size);
      const auto pooled = Pooled<Activation>::of(a, window, place.first);
      const InputGradient input = InputGradient::of(a.norm, place.first);
      const Four<float> factors = kept(a, window.picture, place.first);
      Four<float> gradients = read_four<Output>(a.gradient, place.row, place.first, channels);
      BART_UNROLL for (int k = 0; k < 4; ++k) {
        const float factor = factors.values[k];
        gradients.values[k] =
            factor == 0 || !(pooled.largest.values[k] > 0) ? 0 : gradients.values[k] * factor;
      }
      BART_UNROLL for (int i = 0; i < 4; ++i) {
        Four<float> results;
        BART_UNROLL for (int k = 0; k < 4; ++k) {
          const float gradient = i == pooled.places[k] ? gradients.values[k] : 0;
          results.values[k] = input.at(pooled.inputs[i].values[k], gradient, k);
        }
        write_four<Activation>(a.input_gradient, window.pixel(i, a.size), place.first, channels, results);
      }
    });
  }
};

}  // namespace bart::cuda
