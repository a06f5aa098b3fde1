#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "bart/dataset/load.h"
#include "bart/record/run_folder.h"
#include "bart/record/run_record.h"
#include "bart/training/predictions.h"
#include "bart/training/train.h"

namespace bart {

/// Writes the curves of a training into bart-run/ while it runs: history.csv and history.json, which are
/// rewritten after every epoch, and an event file of TensorBoard (events.out.tfevents.…), to which every step
/// and epoch is appended.
class RunHistory {
 public:
  /// `earlier` are the epochs so far of a training that is resumed. nullptr means a new training: the event
  /// files of an older one, which are kept elsewhere, are then removed: TensorBoard would draw both as one
  /// curve.
  explicit RunHistory(const RunFolder& folder, const std::vector<EpochRecord>* earlier = nullptr);

  /// The settings, as a text and for the table of hyperparameters.
  void begin(const RunRecord& run) const;
  void step(const StepRecord& step) const;
  void epoch(const EpochRecord& epoch);
  /// The confusion matrix and some mistakes of the validation of an epoch, as pictures. `predictions` are
  /// those of the pictures `indices`.
  void validated(int epoch, const Predictions& predictions, const LoadedPictures& pictures,
                 std::span<const std::uint32_t> indices) const;

  /// The training is over, and not to be resumed because it was interrupted.
  void ended(bool success) const;

 private:
  void write_history() const;

  RunFolder folder_;
  std::filesystem::path events_;
  std::vector<EpochRecord> epochs_;
};

}  // namespace bart
