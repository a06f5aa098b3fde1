#pragma once

#include "bart/dataset/load.h"
#include "bart/dataset/split.h"
#include "bart/record/run_settings.h"

namespace bart {

/// Test pictures first, then, of the others, those for validation, where some are asked for.
Split split_pictures(const LoadedPictures& pictures, const RunSettings& settings);

}  // namespace bart
