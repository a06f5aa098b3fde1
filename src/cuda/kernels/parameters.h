#pragma once

#include <cstdint>

/// The arguments of the kernels, a struct each, as the host passes them. Pointers are to the GPU's memory.
/// Activations lie as [picture, y, x, channel].
namespace bart::cuda {

/// What changes from step to step. It lies in the GPU's memory, since the graph of a step is recorded once.
struct StepScalars {
  double clip_norm;                 // 0: gradients are not scaled
  double smoothing;                 // of the labels
  std::int32_t weighted, adjusted;  // whether there are class weights, logit adjustments
  std::int32_t sgd;                 // else Adam
  // The optimizer's factors, as the processor's adam.cpp and sgd.cpp define them. Those that depend on the
  // weight decay come twice: for the weights, and for biases and BatchNorm, which do not decay.
  float kept, lerp, decay, gain, root, eps, step_size;
  float sgd_decay, sgd_momentum, sgd_step;
};

/// What a step gives back.
struct StepOutcome {
  double loss, norm;
  float factor;          // of the gradients, to be clipped
  std::int32_t correct;  // pictures
  std::int32_t applied;  // whether loss and gradient are finite
};

struct InputArguments {
  const std::uint8_t* pixels;
  float* input;
  std::int64_t count;
};

/// A matrix product, cut along its depth into pieces that are added up afterwards, in order.
struct Product {
  float* output;      // [pieces, rows, columns]
  const float* bias;  // [columns], or null
  std::int64_t rows;
  std::int32_t columns;
  std::int64_t depth;
  std::int64_t piece;  // depth of a piece, a multiple of the tiles' depth
};

/// A convolution 3x3 with a border of zeros: output [pixels, out] = patches [pixels, 9 * in] * weights^T.
struct ConvolutionArguments {
  const float* input;    // [pictures, size, size, in]
  const float* weights;  // [out, 3, 3, in]
  std::int32_t size, in_channels;
  Product product;
};

/// Its weights' gradient [out, 9 * in] = gradient^T * patches.
struct WeightGradientArguments {
  const float* input;     // [pictures, size, size, in]
  const float* gradient;  // [pictures, size, size, out]
  std::int32_t size, in_channels;
  Product product;
};

/// A product of two dense matrices.
struct MatrixArguments {
  const float* left;
  const float* right;
  Product product;
};

/// The pieces of a product become one: result [rows, columns].
struct AddPiecesArguments {
  const float* pieces;
  const float* bias;  // [columns], or null
  float* result;
  std::int64_t count;  // rows * columns
  std::int32_t columns, pieces_count;
};

/// The same for a hidden layer, with ReLU and dropout behind it.
struct HiddenArguments {
  AddPiecesArguments sum;
  const std::uint8_t* keep;  // [rows, columns], or null: all
  float scale;               // of what is kept
};

/// The gradient before ReLU and dropout, in place.
struct HiddenGradientArguments {
  const float* output;  // of the forward pass: 0 where nothing is to pass
  float* gradient;
  float scale;
  std::int64_t count;
};

/// sums [columns] of a matrix [rows, columns].
struct ColumnSumsArguments {
  const float* matrix;
  float* sums;
  std::int32_t rows, columns;
};

/// weights [out, 9, in] become [in, 9, out] with the taps in reverse order, by which a convolution gives the
/// gradient of its input.
struct TurnWeightsArguments {
  const float* weights;
  float* turned;
  std::int32_t out_channels, in_channels;
};

inline constexpr int norm_channels = 32;  // that a block of threads sums up

/// A BatchNorm layer, each array [channels].
struct NormArguments {
  const float* weight;
  const float* bias;
  float* running_mean;
  float* running_var;
  float* mean;           // of the batch, or the running one
  float* inverse_std;    // 1 / sqrt(variance + eps)
  float* scale;          // weight * inverse_std
  float* mean_gradient;  // mean of the gradient
  float* mean_product;   // mean of gradient * normalized input
  float* weight_gradient;
  float* bias_gradient;
  std::int32_t channels;
  std::int64_t pixels;  // of the batch
};

/// ReLU follows, and at the end of a block 2x2 max-pooling and Dropout2d.
struct NormalizeArguments {
  NormArguments norm;
  const float* input;     // [pixels, channels]
  float* output;          // [pixels or pixels / 4, channels]
  const float* gradient;  // of the output
  float* input_gradient;
  const std::uint8_t* keep;  // [pictures, channels], or null: all
  float kept;                // scale of what is kept
  std::int32_t size;         // side of the input
};

/// Sums over pixels in two stages: partial sums of `chunk` rows, then those of all.
struct NormSumsArguments {
  NormalizeArguments layer;
  double* partial;  // [2, chunks, channels]
  std::int32_t chunks;
  std::int64_t rows, chunk;
};

struct LossArguments {
  const StepScalars* scalars;
  const float* logits;         // [pictures, classes]
  const std::int32_t* labels;  // [pictures]
  const float* class_weights;  // [classes]
  const float* adjustments;    // [classes]
  float* gradient;             // [pictures, classes]
  StepOutcome* outcome;
  std::int32_t pictures, classes;
};

struct GradientNormArguments {
  const StepScalars* scalars;
  const float* gradients;
  double* partial;  // [chunks]
  StepOutcome* outcome;
  std::int64_t count;
  std::int32_t chunks;
};

struct OptimizerArguments {
  const StepScalars* scalars;
  const StepOutcome* outcome;
  float* parameters;
  const float* gradients;
  float* exp_avg;
  float* exp_avg_sq;
  std::int64_t count, decaying;  // the first `decaying` have a weight decay
};

}  // namespace bart::cuda
