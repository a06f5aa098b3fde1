#pragma once

#include "bart/record/run_settings.h"
#include "bart/training/train.h"

namespace bart {

/// The figure by which a training with these settings calls an epoch its best: the accuracy, unless they name
/// the macro F1.
BestBy best_by(const RunSettings& settings);

}  // namespace bart
