#pragma once

#include <cstddef>

#include "activations.h"

namespace bart {

// One plane [H, W, B] at a time, dispatched at run time to the widest instructions of the machine.
// Per-channel arguments point at the plane's B channels.

/// Of the forward pass: y = x * scale + shift.
struct PlaneChannels {
  const float* mean;   // [B]
  const float* scale;  // [B]
  const float* shift;  // [B]
};

/// Factors of the backward pass: dx = (g - dy_mean - (x - mean) * slope) * gain.
struct PlaneGradient {
  const float* dy_mean;  // [B] mean of g over the batch
  const float* slope;    // [B] mean of g * (x - mean), times invstd^2
  const float* gain;     // [B] weight * invstd
};

/// sums[0..B) = the sum of x, in double.
void plane_sum(const float* x, std::size_t pixels, std::size_t block, double* sums);

/// sums[0..B) = the sum of (x - mean)^2; the squares in float, their sum in double.
void plane_squares(const float* x, std::size_t pixels, std::size_t block, const float* mean, double* sums);

/// The sums of x and of x^2, in double, in one pass.
void plane_moments(ActivationArray x, std::size_t pixels, std::size_t block, double* sums);

void plane_normalize_relu(ActivationArray x, std::size_t pixels, std::size_t block, PlaneChannels channels,
                          ActivationArray y);

void plane_normalize_relu_pool(ActivationArray x, std::size_t size, std::size_t block, PlaneChannels channels,
                               const float* keep, ActivationArray y);

/// The sums of g and of g * (x - mean), in double, where g is dy passed back through ReLU.
void plane_relu_sums(ActivationArray dy, ActivationArray x, std::size_t pixels, std::size_t block,
                     PlaneChannels channels, double* sums);

void plane_relu_gradient(ActivationArray dy, std::size_t pixels, std::size_t block, PlaneChannels channels,
                         PlaneGradient gradient, ActivationArray x);

/// The same through ReLU, pooling and dropout.
void plane_pool_sums(ActivationArray dy, ActivationArray x, std::size_t size, std::size_t block,
                     PlaneChannels channels, const float* keep, double* sums);

void plane_pool_gradient(ActivationArray dy, std::size_t size, std::size_t block, PlaneChannels channels,
                         const float* keep, PlaneGradient gradient, ActivationArray x);

void plane_max_pool(ActivationArray x, std::size_t size, std::size_t block, ActivationArray y);

/// The channel block that suits this machine's vectors, and oneDNN's kernels: 16 with AVX-512, else 8.
std::size_t preferred_block();

}  // namespace bart
