#pragma once

#include "bart/run/settle.h"
#include "bart/training/train.h"

namespace bart {

/// Whether the best epoch lies too far back. If a training with an average has ended early, the figures of
/// its last epoch are those with settled statistics, and that epoch may now be the best: the training has
/// ended nevertheless.
bool out_of_patience(const TrainingProgress& progress, const SettledSettings& settled);

/// Whether the training is out of patience after `epoch`, which is not yet among those of `progress`.
bool ends_with(const EpochRecord& epoch, const TrainingProgress& progress, const SettledSettings& settled);

}  // namespace bart
