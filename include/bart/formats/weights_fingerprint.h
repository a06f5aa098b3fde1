#pragma once

#include <cstdint>

#include "bart/network/state_dict.h"

namespace bart {

/// A hash that recognizes the weights of a model in files of all formats, also where some or all of them were
/// stored as float16: they are rounded to it first. Counters are left out.
std::uint64_t weights_fingerprint(const StateDict& state);

/// The same where they were stored as bfloat16, from which their float16 values do not follow.
std::uint64_t bfloat16_weights_fingerprint(const StateDict& state);

/// The hash that the first records of trainings hold: only kernels and matrices are rounded, as only these
/// are float16 in the files that BART writes.
std::uint64_t older_weights_fingerprint(const StateDict& state);

}  // namespace bart
