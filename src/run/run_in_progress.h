#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bart/checkpoint/checkpoint_folder.h"
#include "bart/checkpoint/data_fingerprint.h"
#include "bart/dataset/split.h"
#include "bart/model/model.h"
#include "bart/platform/folder_lock.h"
#include "bart/report/history.h"
#include "bart/run/run.h"
#include "bart/run/settle.h"
#include "earlier_run.h"

namespace bart {

// What a checkpoint's settings keep beside those of the table, which it names like flags ("--lr").
inline constexpr const char* folder_setting = "folder";
inline constexpr const char* started_setting = "started";

/// A training from the search for its pictures to its report.
class RunInProgress {
 public:
  RunInProgress(std::filesystem::path folder, SettledSettings settled, const RunObserver& observer);

  /// Goes on from `found`, where there is one. `lock` may be empty where the folder does not exist yet.
  RunResult run(std::optional<FoundCheckpoint> found, std::unique_ptr<FolderLock> lock,
                const std::string& command);

 private:
  void check_places() const;
  void list_pictures();
  TrainingState initial_state_for(std::size_t train_pictures) const;
  void read_initial_model();
  void read_pictures();
  void check_data(const Checkpoint& checkpoint) const;
  void fill_record(const std::string& command);
  TrainingState state_to_begin_with(std::optional<FoundCheckpoint> found);
  void write_beginning();
  void write_augmented_pictures() const;
  void train(Training& training);
  bool end_epoch(Training& training, const EpochRecord& epoch);
  void finish(Training& training);
  Model model_of(StateDict state) const;
  void test(const Predictions& predictions);
  void report(const Model& model, const Predictions& predictions, const std::vector<StepRecord>& steps);

  void warn(const std::string& sentence);
  void publish_data();
  void publish_model(Training& training, const std::filesystem::path& file, const StateDict& state);
  void keep_progress(Training& training, const std::string& status);
  void write_record(const std::string& status);
  void save_checkpoint_of(Training& training);
  bool out_of_patience(const std::vector<EpochRecord>& epochs) const;
  BestBy best_by() const;
  void saved(Saved what, const std::filesystem::path& path) const;

  std::filesystem::path folder_;
  SettledSettings settled_;
  const RunObserver& observer_;
  RunFolder out_;
  EarlierRun earlier_;
  RunResult result_{out_, {}, {}, 0, false};
  Listing listing_;
  LoadedPictures pictures_;
  LoadedPictures larger_;  // for augmentation
  DataFingerprint data_;
  Split split_;
  Architecture architecture_;
  StateDict initial_model_;  // what the weights begin with where a model was named; else empty
  bool init_has_same_classes_ = false;
  bool resumed_ = false;
  bool published_ = false;  // the labels and test pictures that are in place are this training's
  std::optional<RunHistory> history_;
  std::chrono::steady_clock::time_point last_save_ = std::chrono::steady_clock::now();
};

}  // namespace bart
