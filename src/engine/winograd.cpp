#include "winograd.h"

#include "activations.h"
#include "batch_norm_kernels.h"
#include "winograd_kernels.h"

namespace bart {
namespace {

/// The kernels for this processor's channel block; null if it has none.
const WinogradKernels* find_kernels(Precision precision) {
  const bool f32 = precision == Precision::f32;
  if (preferred_block() == 8) {
    const bool runs = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    return !runs ? nullptr : f32 ? &winograd_avx2_f32 : &winograd_avx2_bf16;
  }
  const bool runs = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                    __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  if (!runs || (!f32 && !__builtin_cpu_supports("avx512bf16"))) return nullptr;
  return f32 ? &winograd_avx512_f32 : &winograd_avx512_bf16;
}

const WinogradKernels& kernels_of(Precision precision) {
  static const WinogradKernels* const f32 = find_kernels(Precision::f32);
  static const WinogradKernels* const bf16 = find_kernels(Precision::bf16);
  return precision == Precision::f32 ? *f32 : *bf16;
}

}  // namespace

bool has_winograd(Precision precision) {
  return find_kernels(precision) != nullptr;
}

bool runs_bf16() {
  return multiplies_bf16() || has_winograd(Precision::bf16);
}

std::size_t winograd_weights_bytes(const WinogradShape& s, Precision precision) {
  return 36 * static_cast<std::size_t>(s.in * s.out) * kernels_of(precision).number_bytes;
}

void winograd_weights(const Team& team, const WinogradShape& s, Precision precision, const float* weights,
                      void* transformed) {
  kernels_of(precision).transform_weights(team, s, false, weights, transformed);
}

void winograd_turned_weights(const Team& team, const WinogradShape& s, Precision precision,
                             const float* weights, void* transformed) {
  kernels_of(precision).transform_weights(team, turned(s), true, weights, transformed);
}

std::size_t winograd_scratch_bytes(const WinogradShape& s, Precision precision, const Team& team) {
  return kernels_of(precision).scratch_bytes(s, team);
}

void winograd_convolve(const Team& team, const WinogradShape& s, Precision precision, const void* x,
                       const void* transformed, const WinogradFusion& fusion, void* y, void* scratch) {
  kernels_of(precision).convolve(team, s, x, transformed, fusion, y, scratch);
}

std::size_t winograd_gradient_scratch_bytes(const WinogradShape& s, Precision precision, const Team& team) {
  return kernels_of(precision).gradient_scratch_bytes(s, team);
}

void winograd_weight_gradient(const Team& team, const WinogradShape& s, Precision precision, const void* x,
                              const SourceNormalization& normalization, const void* dy, float* dweights,
                              void* scratch) {
  kernels_of(precision).weight_gradient(team, s, x, normalization, dy, dweights, scratch);
}

std::int64_t winograd_gradient_part(const WinogradShape& s, Precision precision, const Team& team) {
  return kernels_of(precision).gradient_part(s, team);
}

void winograd_picture_gradient(const Team& team, const WinogradShape& s, Precision precision,
                               std::int64_t picture, int thread, const void* x,
                               const SourceNormalization& normalization, const void* dy, void* scratch) {
  kernels_of(precision).picture_gradient(team, s, picture, thread, x, normalization, dy, scratch);
}

void winograd_finish_gradient(const Team& team, const WinogradShape& s, Precision precision, float* dweights,
                              void* scratch) {
  kernels_of(precision).finish_gradient(team, s, dweights, scratch);
}

}  // namespace bart
