#pragma once

#include <cstddef>
#include <cstdint>

#include "activations.h"
#include "bart/engine/engine.h"
#include "team.h"

namespace bart {

// 3x3 convolutions with padding 1 and stride 1 by Winograd's algorithm F(4x4, 3x3): pictures are cut into
// tiles of 4x4 outputs. Their 6x6 inputs and the weights are transformed so that 36 multiplications replace
// 144 (Lavin & Gray, Fast Algorithms for Convolutional Neural Networks, 2015). The points are 0, +-sqrt(2),
// +-1/sqrt(2) and infinity, whose rounding errors are smaller than those of the usual 0, +-1, +-2: with
// numbers rounded to bf16 the outputs are off by 1.1 %, with the usual points by 2.5 %, with the direct
// algorithm by 0.2 %.
//
// ActivationArray are channel-blocked, [N, C/B, H, W, B], weights [O/B, I/B, 3, 3, B i, B o], with the
// preferred_block() B of this processor: 16 with AVX-512, else 8. The sums of a job and their order do not
// depend on the number of threads, so the bits do not either.

struct WinogradShape {
  std::int64_t n;     // images
  std::int64_t in;    // channels, a multiple of B
  std::int64_t out;   // channels, a multiple of B
  std::int64_t size;  // height and width
};

/// The convolution that takes gradients of the outputs of `shape` to gradients of its inputs.
inline WinogradShape turned(const WinogradShape& shape) {
  return {shape.n, shape.out, shape.in, shape.size};
}

/// Whether this processor has such kernels: with AVX2, which multiplies bf16 activations as floats, or with
/// AVX-512, which needs its BF16 extension for bf16.
bool has_winograd(Precision precision);

/// What a convolution does to its inputs as it reads them and to its outputs as it writes them.
struct WinogradFusion {
  SourceNormalization normalization = {};
  const float* bias = nullptr;  // [O]; null: none
  bool relu = false;
  bool pool = false;  // 2x2 max-pooling at the end, of an even size
};

/// Bytes of the transformed weights, [O/2B, 36, I, 2B].
std::size_t winograd_weights_bytes(const WinogradShape& shape, Precision precision);
void winograd_weights(const Team& team, const WinogradShape& shape, Precision precision,
                      const float* weights,  // of `shape`
                      void* transformed);

/// The weights of turned(shape): each filter turned by 180 degrees.
void winograd_turned_weights(const Team& team, const WinogradShape& shape, Precision precision,
                             const float* weights,  // of `shape`
                             void* transformed);

/// Bytes of the scratch memory of winograd_convolve.
std::size_t winograd_scratch_bytes(const WinogradShape& shape, Precision precision, const Team& team);

/// y = x * w, with the fused operations.
void winograd_convolve(const Team& team, const WinogradShape& shape, Precision precision,
                       const void* x,            // [N, I/B, H, W, B]
                       const void* transformed,  // winograd_weights
                       const WinogradFusion& fusion,
                       void* y,         // [N, O/B, H, W, B]; pooled: half as high and wide
                       void* scratch);  // for the threads of the team

/// Bytes of the scratch memory of winograd_weight_gradient.
std::size_t winograd_gradient_scratch_bytes(const WinogradShape& shape, Precision precision,
                                            const Team& team);

void winograd_weight_gradient(const Team& team, const WinogradShape& shape, Precision precision,
                              const void* x,                             // [N, I/B, H, W, B]
                              const SourceNormalization& normalization,  // of x
                              const void* dy,                            // [N, O/B, H, W, B]
                              float* dweights,                           // of `shape`
                              void* scratch);

/// The same picture by picture: for how many pictures in a row one thread calls winograd_picture_gradient()
/// in their order. 0: the batch can only be taken at once.
std::int64_t winograd_gradient_part(const WinogradShape& shape, Precision precision, const Team& team);

/// Adds a picture to the sums in `scratch`, which are for `team`; `thread` is the caller's number in it.
void winograd_picture_gradient(const Team& team, const WinogradShape& shape, Precision precision,
                               std::int64_t picture, int thread,
                               const void* x,                             // [I/B, H, W, B]
                               const SourceNormalization& normalization,  // of x
                               const void* dy,                            // [O/B, H, W, B]
                               void* scratch);

/// The gradient from the sums, when all pictures are added.
void winograd_finish_gradient(const Team& team, const WinogradShape& shape, Precision precision,
                              float* dweights, void* scratch);

}  // namespace bart
