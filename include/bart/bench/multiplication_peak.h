#pragma once

#include <optional>
#include <vector>

#include "bart/bench/operation_times.h"

namespace bart {

/// The largest number of multiplications per second of this processor.
struct MultiplicationPeak {
  std::optional<double> f32;   // empty without AVX2
  std::optional<double> bf16;  // empty with AMX, whose tiles multiply more than is measured here
};

/// Measures it on this many threads (0: as many as this process may use) with fused multiply-adds of the
/// widest vectors in registers. In bf16 these are dpbf16ps of AVX512_BF16, or without that floats, as in the
/// kernels. The best of `rounds` counts, because other work can only slow it down.
MultiplicationPeak measure_multiplication_peak(int threads, int rounds);

/// The time that no kernel can beat: that of the multiplications in the algorithms of the operations at the
/// processor's peak. Empty if the peak is not known, or there are no operations.
std::optional<double> bound_seconds(const std::vector<OperationTime>& operations,
                                    const MultiplicationPeak& peak);

}  // namespace bart
