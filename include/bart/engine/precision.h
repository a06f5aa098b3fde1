#pragma once

namespace bart {

/// The number format in which activations are stored and convolved. Sums, statistics, parameters and the
/// state of the optimizer are always f32. TF32 is for GPUs alone: activations are stored as f32, and the
/// factors of convolutions rounded to 10 bits after the leading one, as PyTorch does it by default.
enum class Precision { f32, bf16, tf32 };

/// Whether this processor multiplies bf16 itself (AVX512_BF16 or AMX), which makes it the faster precision.
bool multiplies_bf16();

/// Whether there are kernels for bf16 on this processor. Those for AVX2 store activations in bf16 and
/// multiply them as floats.
bool runs_bf16();

/// Whether the bits of a training depend on the number of threads: some kernels of oneDNN split their sums
/// into as many parts as there are threads. They are used where every rounding is exact, and with AMX, and on
/// processors for which BART has no kernels of its own.
bool bits_depend_on_threads(Precision precision, bool exact);

}  // namespace bart
