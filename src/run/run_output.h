#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "bart/run/run.h"
#include "bart/run/settle.h"
#include "earlier_run.h"
#include "run_data.h"

namespace bart {

/// The files that a training writes while it runs: its models with the names of their classes and the test
/// pictures, its figures, and its checkpoints.
class RunOutput {
 public:
  /// Keeps references to all of them. The record of `result` says which models are written.
  RunOutput(const std::filesystem::path& data_folder, const RunSettings& settings, const RunData& data,
            RunResult& result, const RunObserver& observer);

  /// For a training that is resumed: takes over the models that run.json names.
  void take_over_models();

  /// What an earlier training left in the folder, now set aside.
  struct SetAside {
    std::optional<std::filesystem::path> checkpoint;  // where its last checkpoint is kept
    std::vector<std::string> others;                  // sentences about files that no training wrote here
  };
  SetAside set_earlier_run_aside();
  /// Whether the model of an earlier training stays in place until this one has written its own.
  bool earlier_model_stays() const { return !published_ && earlier_.has_model(); }
  bool has_earlier_record() const { return earlier_.has_record(); }
  /// Undoes set_earlier_run_aside(), for a training that fails before it has written a model.
  void restore_earlier_run();
  /// For a training that is resumed: its label file and test pictures that are gone or changed will be
  /// written again. Returns sentences about those that were changed, and about files of others.
  std::vector<std::string> set_changed_aside();

  /// Writes what is known before the first step. The labels and the test pictures wait for the first model if
  /// there is a model of an earlier training, because they belong to that one.
  void write_beginning();
  /// Writes `state` as the model file `file`. With the first model the labels and the test pictures follow: a
  /// model names its classes itself, so it comes before them.
  void write_model(const std::filesystem::path& file, const StateDict& state, int epochs);
  void write_progress(const TrainingProgress& progress, const std::string& status);
  void write_record(const std::string& status);
  void write_checkpoint(Training& training);

  double seconds_since_checkpoint() const;
  void saved(Saved what, const std::filesystem::path& path) const;

 private:
  void publish_data();
  bool data_is_in_place() const;
  void write_augmented_pictures() const;

  const std::filesystem::path& data_folder_;
  const RunSettings& settings_;
  const RunData& data_;
  RunResult& result_;
  const RunObserver& observer_;
  EarlierRun earlier_;
  bool published_ = false;      // the labels and test pictures that are in place are this training's
  bool restores_data_ = false;  // some of them are gone
  std::chrono::steady_clock::time_point last_checkpoint_ = std::chrono::steady_clock::now();
};

}  // namespace bart
