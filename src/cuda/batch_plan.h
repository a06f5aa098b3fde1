#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "context.h"
#include "kernels/parameters.h"
#include "kernels/tile_arithmetic.h"
#include "network_layout.h"

namespace bart::cuda {

/// Where things lie that the network has once, in the GPU's memory.
struct NetworkMemory {
  float* parameters = nullptr;
  float* statistics = nullptr;  // after the parameters
  // These exist from the first training step on.
  float* gradients = nullptr;
  float* exp_avg = nullptr;
  float* exp_avg_sq = nullptr;
  StepOutcome* outcomes = nullptr;   // [most_outcomes]
  std::int32_t* diverged = nullptr;  // whether a step since they were read last was not finite
  float* average = nullptr;          // of parameters and statistics, if there is one
};

/// How a matrix product is cut along its depth, so that there are enough blocks of threads. It depends on
/// nothing but the sizes, so that all GPUs add up in the same order.
struct Pieces {
  std::int64_t count, depth;  // depth: of a piece
};
Pieces pieces_of(std::int64_t rows, std::int64_t columns, std::int64_t depth, int tile_rows,
                 int tile_columns);

/// The work on a batch of n pictures: what lies where in the memory for activations (the arena), and the
/// kernels in order. The first bytes of the arena are copied there before each step, from memory that is laid
/// out alike.
class BatchPlan {
 public:
  BatchPlan(const NetworkLayout& layout, std::int64_t n, Arithmetic arithmetic, bool training);

  std::size_t bytes() const { return bytes_; }  // of the arena
  /// Of its beginning, which ends with the changes of the pictures if there are any.
  std::size_t upload_bytes(bool with_changes) const { return with_changes ? upload_bytes_ : changes; }
  // Offsets. The first ones lie in the part that is copied.
  std::size_t scalars = 0, labels = 0, class_weights = 0, adjustments = 0;
  std::vector<std::size_t> masks;
  std::size_t pictures = 0;  // [n] addresses
  std::size_t changes = 0;   // [n]; only of a training
  std::size_t logits = 0;
  std::size_t features = 0;  // [n, side, side, channels]; of an evaluation

  void forward(const Context& gpu, DeviceMemory arena, const NetworkMemory& network) const;
  void loss(const Context& gpu, DeviceMemory arena, const NetworkMemory& network) const;
  void backward(const Context& gpu, DeviceMemory arena, const NetworkMemory& network) const;
  void optimizer(const Context& gpu, DeviceMemory arena, const NetworkMemory& network) const;
  /// evaluate() instead of forward(), with the activations of the last convolution if `with_features`.
  void evaluate(const Context& gpu, DeviceMemory arena, const NetworkMemory& network,
                bool with_features) const;

 private:
  struct ConvolutionBuffers {
    std::size_t raw, output;                                            // before BatchNorm, at the end
    std::size_t mean, inverse_std, scale, mean_gradient, mean_product;  // [out_channels]
  };
  struct Run;  // the plan in an arena

  /// Of the forward pass of a linear layer. In an evaluation they do not depend on the number of pictures, so
  /// that each gets the same bits alone and among others.
  Pieces forward_pieces(const LinearPlace& linear) const;

  std::size_t activations(std::int64_t count) const;  // bytes
  std::size_t take(std::size_t bytes);
  void take_upload(bool training);
  void take_convolutions(bool training);
  void take_scratch(bool training);

  const NetworkLayout& layout_;
  std::int64_t n_;
  Arithmetic arithmetic_;
  bool training_;
  std::size_t bytes_ = 0, upload_bytes_ = 0;
  std::size_t input_ = 0;
  std::vector<ConvolutionBuffers> convolutions_;
  std::vector<std::size_t> linears_;   // outputs
  std::size_t gradients_[2] = {0, 0};  // of activations, in turn
  std::size_t pieces_ = 0, partial_ = 0, turned_ = 0;
};

}  // namespace bart::cuda
