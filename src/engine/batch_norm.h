#pragma once

#include <cstddef>
#include <cstdint>

#include "activations.h"
#include "batch_slices.h"
#include "team.h"

namespace bart {

// BatchNorm with ReLU, and with 2x2 max-pooling and Dropout2d at the end of a block, in passes that read and
// write memory once. ActivationArray are channel-blocked, [N, C / B, H, W, B]; a plane is one image's [H, W,
// B] of one channel block. Channels are padded to a multiple of B with zeros, and per-channel arrays are that
// long.

struct ActivationShape {
  std::int64_t n;         // images
  std::int64_t channels;  // padded to a multiple of block
  std::int64_t size;      // height and width
  std::int64_t block;     // B: 16 or 8
  std::int64_t plane() const { return size * size * block; }
  std::int64_t planes() const { return n * (channels / block); }
  std::int64_t count() const { return n * channels * size * size; }
};

/// The per-channel numbers of a BatchNorm that the forward pass leaves for the backward pass.
struct BatchNormChannels {
  float* mean;    // [C] of the batch
  float* invstd;  // [C] 1 / sqrt(biased variance + eps)
  float* scale;   // [C] weight * invstd
  float* shift;   // [C] bias - mean * scale
};

/// PyTorch's eps and momentum of nn.BatchNorm2d.
inline constexpr double batch_norm_eps = 1e-5;
inline constexpr double batch_norm_momentum = 0.1;

/// Bytes of the scratch memory `partial` of the functions below: sums [N, C/B, 2, B], those of slices
/// [slices, 2, C], and factors [3, C]. Where `slices` are a parameter, the statistics are those of the whole
/// batch, and `shape` has the pictures of this process.
std::size_t batch_norm_partial_bytes(const ActivationShape& shape, const BatchSlices& slices);

/// Batch statistics of x, and the update of the running ones (which take the unbiased variance). Every
/// rounding is PyTorch's (aten/src/ATen/native/Normalization.cpp and cpu/batch_norm_kernel.cpp): sums in
/// double, but the mean, each difference from it, its square, the summed squares and the variance are floats.
void exact_batch_norm_statistics(const Team& team, const ActivationShape& shape, const BatchSlices& slices,
                                 const float* x,       // [N, C/B, H, W, B]
                                 const float* weight,  // [C]
                                 const float* bias,    // [C]
                                 float* running_mean,  // [C]
                                 float* running_var,   // [C]
                                 BatchNormChannels channels,
                                 double* partial);  // scratch

/// The same in one pass over x, from the sums of x and x^2 in double. This is more accurate, but does not
/// have PyTorch's roundings.
void batch_norm_statistics(const Team& team, const ActivationShape& shape, const BatchSlices& slices,
                           ActivationArray x,    // [N, C/B, H, W, B]
                           const float* weight,  // [C]
                           const float* bias,    // [C]
                           float* running_mean,  // [C]
                           float* running_var,   // [C]
                           BatchNormChannels channels,
                           double* partial);  // scratch

/// batch_norm_statistics in two halves. The first one is for any pictures of the batch: `shape` and x are
/// theirs, and `partial` begins with the sums of the first of them, at batch_norm_partial().
void batch_norm_sums(const Team& team, const ActivationShape& shape, ActivationArray x, double* partial);
void batch_norm_statistics_of_sums(const ActivationShape& shape, const BatchSlices& slices,
                                   const float* weight,  // [C]
                                   const float* bias,    // [C]
                                   float* running_mean,  // [C]
                                   float* running_var,   // [C]
                                   BatchNormChannels channels,
                                   double* partial);  // scratch

/// Where the sums of a picture lie in the scratch memory.
inline double* batch_norm_partial(const ActivationShape& shape, double* partial, std::int64_t picture) {
  return partial + picture * 2 * shape.channels;
}

/// Sets all of `channels` for one channel, and updates its running statistics, from its mean over `count`
/// numbers and the sum of their squared differences from the mean.
void finish_batch_norm_statistics(std::int64_t channel, double count, float mean, float squares,
                                  const float* weight,  // [C]
                                  const float* bias,    // [C]
                                  float* running_mean,  // [C]
                                  float* running_var,   // [C]
                                  BatchNormChannels channels);

/// y = relu(x * scale + shift).
void normalize_relu_forward(const Team& team, const ActivationShape& shape,
                            ActivationArray x,  // [N, C/B, H, W, B]
                            BatchNormChannels channels,
                            ActivationArray y);  // [N, C/B, H, W, B]

/// The backward pass of normalize_relu_forward through the batch statistics; dx is written over x.
void normalize_relu_backward(const Team& team, const ActivationShape& shape, const BatchSlices& slices,
                             ActivationArray dy,   // [N, C/B, H, W, B]
                             const float* weight,  // [C]
                             BatchNormChannels channels,
                             ActivationArray x,  // [N, C/B, H, W, B] in: x, out: dx
                             float* dweight,     // [C]
                             float* dbias,       // [C]
                             double* partial);   // scratch

/// Factors of dx in the backward passes, [C] each: dx = (g - dy_mean - (x - mean) * slope) * gain, where g is
/// dy passed back through ReLU, pooling and dropout.
struct BatchNormFactors {
  float* dy_mean;  // mean of g over the batch
  float* slope;    // mean of g * (x - mean), times invstd^2
  float* gain;     // weight * invstd
};

/// Where batch_norm_gradients() leaves them in `partial`.
BatchNormFactors batch_norm_factors(const ActivationShape& shape, const BatchSlices& slices, double* partial);

/// normalize_relu_backward in three parts. The first and the last are for any pictures of the batch, as in
/// batch_norm_sums().
void relu_gradient_sums(const Team& team, const ActivationShape& shape, ActivationArray dy, ActivationArray x,
                        BatchNormChannels channels, double* partial);
BatchNormFactors batch_norm_gradients(const ActivationShape& shape, const BatchSlices& slices,
                                      const float* weight,  // [C]
                                      BatchNormChannels channels,
                                      float* dweight,    // [C]
                                      float* dbias,      // [C]
                                      double* partial);  // scratch
void relu_gradient(const Team& team, const ActivationShape& shape, ActivationArray dy,
                   BatchNormChannels channels, BatchNormFactors factors, ActivationArray x);

/// y = dropout2d(max_pool(relu(x * scale + shift))).
void normalize_relu_pool_forward(const Team& team, const ActivationShape& shape,
                                 ActivationArray x,  // [N, C/B, H, W, B]
                                 BatchNormChannels channels,
                                 const float* keep,   // [N, C] 0 or 1 / (1 - p)
                                 ActivationArray y);  // [N, C/B, H/2, W/2, B]

/// Its backward pass. The gradient of a window goes to its first largest element in row-major order, as in
/// PyTorch. That element is searched again instead of being remembered.
void normalize_relu_pool_backward(const Team& team, const ActivationShape& shape, const BatchSlices& slices,
                                  ActivationArray dy,   // [N, C/B, H/2, W/2, B]
                                  const float* weight,  // [C]
                                  BatchNormChannels channels,
                                  const float* keep,  // [N, C]
                                  ActivationArray x,  // [N, C/B, H, W, B] in: x, out: dx
                                  float* dweight,     // [C]
                                  float* dbias,       // [C]
                                  double* partial);   // scratch

/// Its first and last part, with batch_norm_gradients() between them. `keep` is that of the pictures.
void pool_gradient_sums(const Team& team, const ActivationShape& shape, ActivationArray dy, ActivationArray x,
                        BatchNormChannels channels, const float* keep, double* partial);
void pool_gradient(const Team& team, const ActivationShape& shape, ActivationArray dy,
                   BatchNormChannels channels, const float* keep, BatchNormFactors factors,
                   ActivationArray x);

/// Only the 2x2 max-pooling, for evaluation. x and y may differ in precision.
void max_pool_forward(const Team& team, const ActivationShape& shape,
                      ActivationArray x,   // [N, C/B, H, W, B]
                      ActivationArray y);  // [N, C/B, H/2, W/2, B]

}  // namespace bart
