#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "bart/dataset/listing.h"
#include "bart/dataset/load.h"
#include "bart/model/model.h"
#include "bart/platform/progress.h"
#include "bart/record/run_folder.h"
#include "bart/record/run_record.h"
#include "bart/record/run_settings.h"
#include "bart/training/train.h"

namespace bart {

/// What is known when the first step comes next.
struct RunStart {
  const RunRecord& record;
  const TrainingProgress& progress;
  std::filesystem::path resumed_from;  // the checkpoint; empty for a new training
  std::filesystem::path init;          // the model file whose weights it began with; empty: none
  bool init_has_same_classes = false;  // so that the last layer was taken from it, too
  /// Where the last checkpoint of an earlier training in the same folder was kept; empty: there was none.
  std::filesystem::path earlier_checkpoint;
  /// A model of an earlier training is in place until this one has its first.
  bool earlier_model = false;
  /// Pictures in inference_images/ that were there before, and are kept in bart-run/earlier/.
  std::size_t kept_pictures = 0;
  std::size_t leftover_pictures = 0;  // of an earlier training in inference_images/
};

/// What a training has come to.
struct RunResult {
  RunFolder folder;
  RunRecord record;
  std::filesystem::path checkpoint;  // the newest; empty: there is none
  int best_epoch = 0;                // by settings.best, or accuracy; 0 without an epoch
  bool out_of_patience = false;      // so that it ended before all epochs were done
};

enum class Saved { checkpoint, best_model, model, report };

/// What a training tells while it runs, on the calling thread. Functions that are empty are skipped.
struct RunObserver {
  std::function<void(const Listing&)> listed = {};  // the pictures are found, and come to be read
  OnProgress reading = {};                          // pictures
  /// All pictures are in memory; with the settings as settled.
  std::function<void(const LoadedPictures&, const RunSettings&)> read = {};
  std::function<void(const RunStart&)> start = {};
  /// After each step, with the pictures done of this epoch. False stops the training: it saves a checkpoint
  /// and returns with the status "interrupted".
  std::function<bool(const StepRecord&, std::size_t done, std::size_t total)> step = {};
  /// Pictures done of a validation. False stops the training, whose validation is then done again.
  std::function<bool(std::size_t done, std::size_t total)> validating = {};
  /// After each epoch. False stops the training.
  std::function<bool(const EpochRecord&)> epoch = {};
  /// The last step is done and the model is written; tests and the report follow.
  std::function<void(const RunResult&)> trained = {};
  OnProgress testing = {};  // pictures
  std::function<void(const TestRecord&)> tested = {};
  OnProgress reporting = {};  // pictures
  std::function<void(Saved, const std::filesystem::path&)> saved = {};
  std::function<void(const std::string&)> warning = {};  // a sentence
};

/// Trains a classifier on the pictures of `folder`, one sub-folder per class: reads, splits, trains with
/// checkpoints, tests, and writes everything that bart train writes into settings.out. `command` is kept in
/// the record. Throws SettingError for settings that are not possible, DivergedError when the loss is not
/// finite any more, Error for whatever else goes wrong, each naming the file or the value.
RunResult train(const std::filesystem::path& folder, const RunSettings& settings = {},
                const RunObserver& observer = {}, const std::string& command = {});

/// A setting was given that would change the result of the training to go on with.
class ChangedSetting : public SettingError {
 public:
  using SettingError::SettingError;
};

struct ResumeOptions {
  std::filesystem::path folder = {};              // of the pictures, where they lie elsewhere now
  std::function<void(RunSettings&)> change = {};  // settings that the training is to go on with
  std::string command = {};                       // for the record
};

/// Goes on with the training in the folder of results `results` from its newest checkpoint, to the same model
/// that it would have come to without the interruption, to the last bit. Throws as train(), and
/// ChangedSetting.
RunResult resume(const std::filesystem::path& results, const ResumeOptions& options = {},
                 const RunObserver& observer = {});

/// Makes the page of a training anew, from its record, its model and its test pictures. `path` is what
/// find_run() takes. Returns the file. `threads` of 0 are all that this process may use.
std::filesystem::path make_report(const std::filesystem::path& path, int threads = 0,
                                  const OnProgress& reading = {}, const OnProgress& reporting = {});

}  // namespace bart
