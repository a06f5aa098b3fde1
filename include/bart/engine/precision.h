#pragma once

namespace bart {

/// The numbers that activations are kept and convolved in. Sums, statistics, parameters and the optimizer's
/// state are f32 in either.
enum class Precision { f32, bf16 };

/// Whether this processor multiplies bf16 itself (AVX512_BF16 or AMX), which makes it the faster precision.
bool multiplies_bf16();

/// Whether there are kernels for bf16 here: those of AVX2 keep activations in bf16 and multiply them as
/// floats.
bool runs_bf16();

}  // namespace bart
