#pragma once

#include <cstdint>

/// The arguments of the kernels, a struct each, as the host passes them. Pointers are to the GPU's memory.
/// Activations lie as [picture, y, x, channel], as floats or as Bf16: each kernel has been made for one of
/// them (kernel_list.h).
namespace bart::cuda {

/// bart::PictureChange, which is copied into it.
struct Change {
  std::int32_t x0, xx, xy, y0, yx, yy;
  std::int32_t colours[9];
  std::int32_t offset;
  std::int32_t left, top, right, bottom;
  std::uint8_t paint[3];
};

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
  float average_weight;       // 0: the average stays as it is
  std::int32_t outcome;       // the place of the step's StepOutcome
  std::int32_t changed_side;  // side of the pictures that are changed; 0: they are taken as they are
};

/// What a step gives back. Those of the last steps lie one after the other.
struct StepOutcome {
  double loss, norm;
  float factor;          // of the gradients, to be clipped
  std::int32_t correct;  // pictures
  std::int32_t applied;  // whether loss and gradient are finite, as those of the steps before it
};

/// The most steps whose outcomes are not yet read.
inline constexpr int most_outcomes = 16;

/// Pictures become the network's input.
struct InputArguments {
  const StepScalars* scalars;           // null: the pictures are taken as they are
  const std::uint8_t* const* pictures;  // [pictures] addresses of [size, size, 3], or of changed_side
  const Change* changes;                // [pictures]
  void* input;                          // [pictures, size, size, 3]
  std::int64_t pixels;                  // of all pictures
  std::int32_t size;
};

/// A matrix product, cut along its depth into pieces that are added up afterwards, in order.
struct Product {
  void* output;       // [pieces, rows, columns], activations of a convolution, else floats
  const float* bias;  // [columns], or null
  std::int64_t rows;
  std::int32_t columns;
  std::int64_t depth;
  std::int64_t piece;  // depth of a piece, a multiple of the tiles' depth
};

/// A convolution 3x3 with a border of zeros: output [pixels, out] = patches [pixels, 9 * in] * weights^T.
struct ConvolutionArguments {
  const void* input;     // [pictures, size, size, in]
  const float* weights;  // [out, 3, 3, in]
  std::int32_t size, in_channels;
  Product product;
};

/// Its weights' gradient [out, 9 * in] = gradient^T * patches.
struct WeightGradientArguments {
  const void* input;     // [pictures, size, size, in]
  const void* gradient;  // [pictures, size, size, out]
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
  const void* input;     // [pixels, channels]
  void* output;          // [pixels or pixels / 4, channels]
  const void* gradient;  // of the output
  void* input_gradient;
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
  StepOutcome* outcomes;       // [most_outcomes]
  std::int32_t pictures, classes;
};

struct GradientNormArguments {
  const StepScalars* scalars;
  const float* gradients;
  double* partial;         // [chunks]
  StepOutcome* outcomes;   // [most_outcomes]
  std::int32_t* diverged;  // becomes 1 with a step that is not finite
  std::int64_t count;
  std::int32_t chunks;
};

struct OptimizerArguments {
  const StepScalars* scalars;
  const StepOutcome* outcomes;  // [most_outcomes]
  float* parameters;
  const float* gradients;
  float* exp_avg;
  float* exp_avg_sq;
  std::int64_t count, decaying;  // the first `decaying` have a weight decay
};

/// The average of a model moves towards the model.
struct AverageArguments {
  const StepScalars* scalars;
  const StepOutcome* outcomes;  // [most_outcomes]
  const float* model;
  float* average;
  std::int64_t count;
};

}  // namespace bart::cuda
