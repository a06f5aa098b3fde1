#pragma once

namespace bart {

/// The number format in which activations are stored and convolved. Sums, statistics, parameters and the
/// state of the optimizer are always f32.
enum class Precision { f32, bf16 };

/// Whether this processor multiplies bf16 itself (AVX512_BF16 or AMX), which makes it the faster precision.
bool multiplies_bf16();

/// Whether there are kernels for bf16 on this processor. Those for AVX2 store activations in bf16 and
/// multiply them as floats.
bool runs_bf16();

}  // namespace bart
