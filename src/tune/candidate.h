#pragma once

#include <cstddef>
#include <vector>

#include "bart/tune/tune.h"

namespace bart {

/// The settings of candidate `number` for a training of `epochs`. They depend on nothing but the arguments
/// and, for the random changes, on the seed of the settings.
Candidate candidate(const TuneOptions& options, std::size_t number, int epochs);

/// How long a training with these settings takes, as a multiple of one with the recipe's picture size.
double relative_cost(const TuneOptions& options, std::size_t number);

}  // namespace bart
