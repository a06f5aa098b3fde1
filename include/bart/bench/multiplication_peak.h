#pragma once

#include <optional>
#include <vector>

#include "bart/bench/operation_times.h"

namespace bart {

/// Multiplications per second that this processor can make at most.
struct MultiplicationPeak {
  std::optional<double> f32;   // nothing without AVX2
  std::optional<double> bf16;  // nothing with AMX, whose tiles multiply more than is measured here
};

/// Measured on so many threads (0: what this process may use) by fused multiply-adds of the widest vectors,
/// from registers alone; in bf16 by AVX512_BF16's dpbf16ps, and without it as floats, as the kernels do it.
/// The best of `rounds`, since other work can only slow it down.
MultiplicationPeak measure_multiplication_peak(int threads, int rounds);

/// The time that no kernel can pass: the multiplications of the operations' algorithms at the processor's
/// peak. Nothing where that is not known.
std::optional<double> bound_seconds(const std::vector<OperationTime>& operations,
                                    const MultiplicationPeak& peak);

}  // namespace bart
