#pragma once

#include <optional>

#include "bart/engine/precision.h"

namespace bart {

/// Multiplications per second that this processor makes in fused multiply-adds of its widest vectors, on so
/// many threads (0: what this process may use), from registers alone: the best of `rounds`, since nothing but
/// other work can slow it down. In bf16 of pairs of numbers (AVX512_BF16's dpbf16ps); nothing where there is
/// no such instruction. A bound for every kernel that does not use tiles of AMX.
std::optional<double> peak_multiplications_per_second(Precision precision, int threads, int rounds);

}  // namespace bart
