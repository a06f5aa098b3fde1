#pragma once

#include <cstddef>
#include <cstdint>

#include "winograd.h"

namespace bart {

/// Winograd's algorithm for one instruction set and one precision of activations; winograd.h says what each
/// does.
struct WinogradKernels {
  std::size_t number_bytes;  // of a transformed weight
  void (*transform_weights)(const Team&, const WinogradShape&, bool turned, const float* weights,
                            void* transformed);
  std::size_t (*scratch_bytes)(const WinogradShape&, const Team&);
  void (*convolve)(const Team&, const WinogradShape&, const void* x, const void* transformed,
                   const WinogradFusion&, void* y, void* scratch);
  std::size_t (*gradient_scratch_bytes)(const WinogradShape&, const Team&);
  void (*weight_gradient)(const Team&, const WinogradShape&, const void* x, const SourceNormalization&,
                          const void* dy, float* dweights, void* scratch);
  std::int64_t (*gradient_part)(const WinogradShape&, const Team&);
  void (*picture_gradient)(const Team&, const WinogradShape&, std::int64_t picture, int thread, const void* x,
                           const SourceNormalization&, const void* dy, void* scratch);
  void (*finish_gradient)(const Team&, const WinogradShape&, float* dweights, void* scratch);
};

/// In channel blocks of 8.
extern const WinogradKernels winograd_avx2_f32, winograd_avx2_bf16;

/// In channel blocks of 16. bf16 needs AVX512_BF16, too.
extern const WinogradKernels winograd_avx512_f32, winograd_avx512_bf16;

}  // namespace bart
