#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "bart/checkpoint/checkpoint_folder.h"
#include "bart/model/model.h"
#include "bart/platform/folder_lock.h"
#include "bart/report/history.h"
#include "bart/run/run.h"
#include "bart/run/settle.h"
#include "initial_weights.h"
#include "run_data.h"
#include "run_output.h"

namespace bart {

/// A training, from listing its pictures to writing its report.
class RunInProgress {
 public:
  RunInProgress(std::filesystem::path folder, SettledSettings settled, const RunObserver& observer);

  /// Resumes from `found` if there is one. `lock` may be empty if the folder does not exist yet.
  RunResult run(std::optional<FoundCheckpoint> found, std::unique_ptr<FolderLock> lock,
                const RunCommand& command);

 private:
  void check_places() const;
  void list_pictures(const std::set<std::string>& given);
  void check_validates(std::span<const std::uint32_t> validated) const;
  TrainingState initial_state_for(std::size_t train_pictures) const;
  void read_initial_model();
  void read_pictures(const std::optional<FoundCheckpoint>& found);
  void check_data(const Checkpoint& checkpoint) const;
  void fill_record(const std::string& command);
  TrainingState state_to_begin_with(std::optional<FoundCheckpoint> found);
  void train(Training& training);
  TrainEvents events(Training& training, bool& stopped);
  bool end_epoch(Training& training, const EpochRecord& epoch);
  void finish(Training& training);
  Model model_of(StateDict state) const;
  void record_evaluation(const Evaluation& evaluation, const char* model, const char* pictures);
  void test(const Predictions& predictions);
  bool reports() const;
  void write_progress(Training& training, const std::string& status);
  void tell_interrupted();
  void report(const Model& model, const Predictions& predictions, const std::vector<StepRecord>& steps);

  void warn(const std::string& sentence);
  void tell(const std::string& sentence) const;

  std::filesystem::path folder_;
  SettledSettings settled_;
  const RunObserver& observer_;
  RunResult result_;
  const RunFolder& out_ = result_.folder;
  RunData data_;
  Architecture architecture_;
  StateDict initial_weights_;  // those of the model that init names; empty: none
  std::optional<InitialModel> initial_model_;
  bool resumed_ = false;
  RunOutput output_;
  std::int64_t model_step_ = -1;  // the step after which this process wrote the model
  std::optional<RunHistory> history_;
};

}  // namespace bart
