#pragma once

#include <cstdint>

#include "bart/network/state_dict.h"

namespace bart {

/// A hash that recognizes the weights of a model in files of all formats, also where kernels and matrices
/// were stored as float16: these are rounded to it first. Counters are left out.
std::uint64_t weights_fingerprint(const StateDict& state);

}  // namespace bart
