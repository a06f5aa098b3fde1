#pragma once

#include <string>
#include <vector>

#include "bart/record/run_record.h"
#include "bart/training/metrics.h"

namespace bart {

/// The epoch that a training of this kind calls its best; 0 if none was validated.
int best_epoch_of(const RunRecord& run);

/// What the figures of a training say, a sentence each: what chance would give, and whether the training was
/// still improving, overfitted or diverged. `matrix` is nullptr as long as nothing has been predicted.
std::vector<std::string> course_of(const RunRecord& run, const ConfusionMatrix* matrix);

}  // namespace bart
