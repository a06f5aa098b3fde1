#pragma once

#include "bart/dataset/load.h"
#include "bart/dataset/split.h"
#include "bart/record/run_settings.h"

namespace bart {

/// The split that the data set comes with, or else the one that is asked for: test pictures first, then, of
/// the others, those for validation. A test size of 0 keeps none for testing. Throws Error where a side would
/// be empty.
Split split_pictures(const LoadedPictures& pictures, const RunSettings& settings);

}  // namespace bart
