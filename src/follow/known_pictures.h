#pragma once

#include "bart/dataset/load.h"
#include "bart/record/run_folder.h"
#include "log.h"

namespace bart {

/// Warns how many of the pictures the model of this training was trained on, wherever they lie now.
void warn_of_known_pictures(Log& log, const LoadedPictures& pictures, const RunFolder& run);

}  // namespace bart
