#pragma once

#include <string>
#include <vector>

#include "bart/record/run_record.h"
#include "bart/training/metrics.h"

namespace bart {

/// The epoch that a training of this kind calls its best; 0 if none was validated.
int best_epoch_of(const RunRecord& run);

/// What the figures of a training say, a sentence each: what chance would give, whether the training was
/// still improving, whether it overfitted.
std::vector<std::string> course_of(const RunRecord& run, const ConfusionMatrix& matrix);

}  // namespace bart
