#pragma once

#include <filesystem>
#include <vector>

#include "bart/record/run_folder.h"
#include "bart/training/train.h"

namespace bart {

/// Keeps the curves of a training in its bart-run/ while it runs: history.csv and history.json, written anew
/// after every epoch, and an event file of TensorBoard's (events.out.tfevents.…), to which every step and
/// epoch is appended.
class RunHistory {
 public:
  /// `earlier` are the epochs of the training that is resumed. Without them the training is a new one, and
  /// the event files of an older one are removed: TensorBoard would draw both as one curve.
  explicit RunHistory(const RunFolder& folder, const std::vector<EpochRecord>* earlier = nullptr);

  void step(const StepRecord& step) const;
  void epoch(const EpochRecord& epoch);

 private:
  void write_history() const;

  RunFolder folder_;
  std::filesystem::path events_;
  std::vector<EpochRecord> epochs_;
};

}  // namespace bart
