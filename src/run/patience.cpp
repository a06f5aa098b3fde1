#include "patience.h"

#include "bart/record/best_by.h"

namespace bart {

bool out_of_patience(const TrainingProgress& progress, const SettledSettings& settled) {
  const int patience = settled.values.patience;
  if (patience == 0) return false;
  if (progress.ended_early && (settled.values.average > 0 || settled.training.calibrate)) return true;
  return static_cast<int>(progress.epochs.size()) - best_epoch(progress.epochs, best_by(settled.values)) >=
         patience;
}

bool ends_with(const EpochRecord& epoch, const TrainingProgress& progress, const SettledSettings& settled) {
  TrainingProgress with = progress;
  with.epochs.push_back(epoch);
  return out_of_patience(with, settled);
}

}  // namespace bart
