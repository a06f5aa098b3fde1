#pragma once

#include "bart/dataset/listing.h"
#include "bart/model/find_model.h"
#include "bart/model/model.h"
#include "log.h"

namespace bart {

/// Warns how many of the evaluated pictures the model was trained on, wherever they lie now, or that this is
/// not known. `part` is that of the training to which they were limited.
void warn_of_known_pictures(Log& log, const FolderEvaluation& result, const FoundModel& found, Part part);

}  // namespace bart
