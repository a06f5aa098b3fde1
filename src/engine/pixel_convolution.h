#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "activations.h"
#include "batch_norm.h"
#include "patch_moments.h"
#include "team.h"

namespace bart {

// A network's first layer straight from its pictures' bytes: 3x3 convolution with padding 1 and stride 1, of
// bytes / 255, BatchNorm and ReLU. Neither the convolution's inputs nor its outputs are ever stored: batch
// statistics and the gradient through them follow from the moments of the patches (patch_moments.h), so that
// BatchNorm is part of the filters in the forward pass, and the backward pass only needs to know which
// outputs ReLU let through.
//
// `shape` is that of the outputs, [N, C/B, H, W, B], of the pictures that this process has of a batch;
// weights are [C/B, 3 rows, 3 columns, 3 colours, B]. What a job adds up, and in which order, does not depend
// on the number of threads, so neither do the bits. Scratch memory is for the threads of the team, on a
// 64-byte boundary.

/// Bytes of a mask: a bit for each output, [N, C/B, H, W, B/8].
std::size_t pixel_mask_bytes(const ActivationShape& shape);

/// batch_norm_statistics of the convolution's outputs.
void pixel_convolution_statistics(const Team& team, const ActivationShape& shape, const PatchMoments& moments,
                                  const float* weights,    // [C/B, 27, B]
                                  const float* conv_bias,  // [C]
                                  const float* weight,     // [C]
                                  const float* bias,       // [C]
                                  float* running_mean,     // [C]
                                  float* running_var,      // [C]
                                  BatchNormChannels channels);

/// Folds BatchNorm into filters over bytes, which only ReLU follows.
void fold_pixel_convolution(const ActivationShape& shape,
                            const float* weights,        // [C/B, 27, B]
                            const float* conv_bias,      // [C]
                            BatchNormChannels channels,  // scale and shift
                            float* folded,               // [C/B, 27, B]
                            float* offset);              // [C]

std::size_t pixel_convolution_scratch_bytes(const ActivationShape& shape, const Team& team);

/// y = relu(folded . patch + offset).
void pixel_convolution_forward(const Team& team, const ActivationShape& shape,
                               std::span<const std::uint8_t* const> pictures,  // N pointers to [H, W, 3]
                               const float* folded,                            // [C/B, 27, B]
                               const float* offset,                            // [C]
                               ActivationArray y,                              // [N, C/B, H, W, B]
                               std::uint8_t* mask,  // where y > 0; null: not wanted
                               void* scratch);

std::size_t pixel_convolution_gradient_scratch_bytes(const ActivationShape& shape, const BatchSlices& slices,
                                                     const Team& team);

/// The backward pass through ReLU, the batch statistics and the convolution, in two halves. The first one is
/// for any pictures of the batch: `pictures`, dy and the mask are theirs, and `first` is the number of the
/// first of them. `thread` is the caller's number where several threads call this at once, each with a team
/// of its own alone.
void pixel_convolution_gradient_sums(const Team& team, const ActivationShape& shape,
                                     const BatchSlices& slices,
                                     std::span<const std::uint8_t* const> pictures,  // [H, W, 3] each
                                     std::int64_t first, int thread,
                                     ActivationArray dy,        // [n, C/B, H, W, B]
                                     const std::uint8_t* mask,  // of the forward pass
                                     void* scratch);

/// The second half, when the sums of all pictures are there. The gradient of the convolution's bias is zero,
/// and neither its bias nor that of BatchNorm plays a part. The moments and the gradients are those of the
/// whole batch.
void pixel_convolution_gradients(const Team& team, const ActivationShape& shape, const BatchSlices& slices,
                                 const PatchMoments& moments,
                                 const float* weights,        // [C/B, 27, B]
                                 const float* weight,         // [C]
                                 BatchNormChannels channels,  // invstd
                                 float* dweights,             // [C/B, 27, B]
                                 float* dweight,              // [C]
                                 float* dbias,                // [C]
                                 void* scratch);

}  // namespace bart
