#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "bart/dataset/load.h"
#include "bart/dataset/split.h"
#include "bart/record/run_settings.h"
#include "bart/training/train.h"
#include "initial_weights.h"

namespace bart {

/// Sentences that the user should read before the first step: about classes or batches that cannot be trained
/// as the settings ask.
std::vector<std::string> warnings_before(const LoadedPictures& pictures, const Split& split,
                                         const RunSettings& settings);

/// Sentences about validation and test pictures that were trained on: training pictures of this split, or
/// pictures of the first model, if there is one.
std::vector<std::string> warnings_of_known_pictures(const LoadedPictures& pictures, const Split& split,
                                                    const InitialModel* initial);

/// Sentences about figures that speak against the model: a loss that grew a thousandfold, or no epoch that
/// was better than a guess.
std::vector<std::string> warnings_after(const LoadedPictures& pictures, const Split& split,
                                        const TrainingProgress& progress);

}  // namespace bart
