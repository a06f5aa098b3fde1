#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "bart/training/train.h"

namespace bart {

/// One epoch as history.csv, history.json and a report tell it.
struct HistoryRow {
  int epoch = 0;
  double loss = 0;  // mean over batches
  double train_accuracy_percent = 0;
  double validation_accuracy_percent = 0;
  double validation_macro_f1 = 0;
  double validation_loss = 0;
  double learning_rate = 0;
  double images_per_second = 0;  // of training, without the validation
  double train_seconds = 0;
  double validation_seconds = 0;
};

/// `train_pictures` are those of the training set.
HistoryRow history_row(const EpochRecord& epoch, double learning_rate, std::size_t train_pictures);

/// A heading, then a line an epoch. Numbers are the shortest that give the double back.
std::string history_csv(std::span<const HistoryRow> rows);

/// A list of objects, one an epoch, under the same names.
std::string history_json(std::span<const HistoryRow> rows);

/// Keeps the curves of a training in its bart-run/ while it runs: history.csv and history.json, written anew
/// after every epoch, and an event file of TensorBoard's (events.out.tfevents.…), to which every step and
/// epoch is appended.
class RunHistory {
 public:
  /// `earlier` are the epochs of the run that is gone on with. Without them the training is a new one, and
  /// the event files of an older one in `folder` are removed: TensorBoard would draw both as one curve.
  RunHistory(std::filesystem::path folder, double learning_rate, std::size_t train_pictures,
             const std::vector<EpochRecord>* earlier = nullptr);

  void step(const StepRecord& step) const;
  void epoch(const EpochRecord& epoch);

 private:
  std::filesystem::path folder_;
  double learning_rate_;
  std::size_t train_pictures_;
  std::filesystem::path events_;
  std::vector<HistoryRow> rows_;
};

}  // namespace bart
