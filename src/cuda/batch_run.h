#pragma once

#include <cstdint>

#include "batch_plan.h"

namespace bart::cuda {

/// a / b, rounded up.
inline std::int64_t divided(std::int64_t a, std::int64_t b) {
  return (a + b - 1) / b;
}
/// The depth of a product, rounded up to whole tiles.
inline std::int64_t whole_tiles(std::int64_t depth) {
  return divided(depth, tile_depth) * tile_depth;
}

/// Rows and columns that a block of threads computes.
struct TileSize {
  int rows, columns;
};
inline constexpr TileSize linear_tile = {32, 128};
inline constexpr int narrow_channels = 32;  // up to here a convolution has tiles of its own

inline TileSize convolution_tile(int out_channels) {
  return out_channels <= narrow_channels ? TileSize{128, 32} : TileSize{64, 64};
}
inline TileSize weight_gradient_tile(int out_channels) {
  return out_channels <= narrow_channels ? TileSize{32, 128} : TileSize{64, 64};
}

/// The threads that read or write `rows` of an array [rows, channels], each of them four channels.
inline std::int64_t threads_for(std::int64_t rows, int channels) {
  return rows * divided(channels, 4);
}

inline constexpr std::int64_t norm_chunks = 256;  // at most, in which sums over pixels are made

/// A plan in an arena: its operations, each of which launches its kernels.
struct BatchPlan::Run {
  const BatchPlan& plan;
  const Context& gpu;
  DeviceMemory arena;
  const NetworkMemory& network;

  float* floats(std::size_t offset) const { return reinterpret_cast<float*>(arena + offset); }
  /// Activations or their gradients.
  void* values(std::size_t offset) const { return reinterpret_cast<void*>(arena + offset); }
  const std::uint8_t* bytes(std::size_t offset) const {
    return reinterpret_cast<const std::uint8_t*>(arena + offset);
  }
  const ConvolutionPlace& convolution(std::size_t i) const { return plan.layout_.convolutions[i]; }
  const LinearPlace& linear(std::size_t i) const { return plan.layout_.linears[i]; }
  /// Whether linear layers follow, which take floats whatever the other activations are.
  bool is_last(std::size_t convolution) const { return convolution + 1 == plan.convolutions_.size(); }
  /// The input of a layer.
  const void* convolution_input(std::size_t i) const;
  const float* linear_input(std::size_t i) const;
  NormalizeArguments normalize_arguments(std::size_t i) const;
  NormSumsArguments sums_arguments(const NormalizeArguments& layer, std::int64_t rows) const;

  void input() const;
  void convolve(const void* from, const float* weights, const float* bias, void* to, int size,
                int in_channels, int out_channels) const;
  void convolution_forward(std::size_t i) const;
  void normalize(std::size_t i, bool with_dropout) const;
  void normalize_batch(std::size_t i) const;
  void linear_forward(std::size_t i, bool with_dropout) const;
  /// Takes the gradient of the layer's output, which it changes, and writes that of its input.
  void linear_backward(std::size_t i, float* gradient, float* input_gradient) const;
  /// Takes the gradient of the layer's output and overwrites it with that of its input. `raw_gradient` is
  /// that in between, of BatchNorm's input.
  void convolution_backward(std::size_t i, void* gradient, void* raw_gradient) const;
  void weight_gradient(std::size_t i, const void* raw_gradient) const;

 private:
  /// The pieces of a product become its result.
  void add_pieces(const Product& product, std::int64_t pieces, float* result) const;
};

}  // namespace bart::cuda
