#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <set>
#include <string>

#include "bart/dataset/listing.h"
#include "bart/dataset/load.h"
#include "bart/model/model.h"
#include "bart/platform/error.h"
#include "bart/platform/group.h"
#include "bart/platform/progress.h"
#include "bart/record/run_folder.h"
#include "bart/record/run_record.h"
#include "bart/record/run_settings.h"
#include "bart/training/train.h"

namespace bart {

/// What is known just before the first step.
struct RunStart {
  const RunRecord& record;
  const TrainingProgress& progress;
  std::filesystem::path resumed_from;  // the checkpoint; empty for a new training
  std::filesystem::path init;          // the model file whose weights the training begins with; empty: none
  /// Where the last checkpoint of an earlier training in the same folder is kept; empty: there was none.
  std::filesystem::path earlier_checkpoint;
  /// Whether the model that is there stays in place until this training has its first one.
  bool earlier_model = false;
  /// Whether that one is of an earlier training, whose record is kept; else a warning tells of it.
  bool earlier_record = false;
  std::size_t leftover_pictures = 0;  // number of an earlier training's pictures in inference_images/
};

/// The result of a training.
struct RunResult {
  RunFolder folder;
  RunRecord record;
  std::filesystem::path checkpoint;  // the newest; empty: there is none
  int best_epoch = 0;                // by settings.best, or by accuracy; 0: there was no epoch
  bool out_of_patience = false;      // the training ended before all epochs were done
};

enum class Saved { checkpoint, best_model, model, report };

/// Functions that a training calls while it runs, on the calling thread. Empty ones are skipped.
struct RunObserver {
  std::function<void(const Listing&)> listed = {};        // the pictures are found and will be read
  std::function<void(const std::string& name)> gpu = {};  // a GPU will compute, not the processor
  OnProgress reading = {};                                // pictures
  /// The pictures are read, with the settings as settled. With augmentation the training pictures are then
  /// read again, in a larger size.
  std::function<void(const LoadedPictures&, const RunSettings&)> read = {};
  std::function<void(const RunStart&)> start = {};
  /// After each step, with the number of pictures done in this epoch. Returning false stops the training,
  /// which saves a checkpoint and ends with the status "interrupted".
  std::function<bool(const StepRecord&, std::size_t done, std::size_t total)> step = {};
  /// During a validation, with the number of pictures done. Returning false stops the training; when it is
  /// resumed, the validation is done again.
  std::function<bool(std::size_t done, std::size_t total)> validating = {};
  /// After each epoch. Returning false stops the training.
  std::function<bool(const EpochRecord&)> epoch = {};
  /// The last step is done and the model is written; tests and the report follow.
  std::function<void(const RunResult&)> trained = {};
  OnProgress testing = {};  // pictures
  std::function<void(const TestRecord&)> tested = {};
  OnProgress reporting = {};  // pictures; not called if the last validation has predicted them
  std::function<void(Saved, const std::filesystem::path&)> saved = {};
  std::function<void(const std::string&)> warning = {};  // a sentence
};

/// How a training was asked for.
struct RunCommand {
  std::string text = {};  // the command, quoted for a shell, for the record; empty: a program asked
  /// The flags of settings that someone wrote: one that has no effect is then refused with its default value,
  /// too.
  std::set<std::string> given = {};
};

/// Trains a classifier on the pictures of `folder`, which has one sub-folder per class: reads and splits
/// them, trains with checkpoints, tests, and writes everything that bart train writes into settings.out.
/// Throws SettingError for impossible settings, DivergedError when the loss
/// is no longer finite, and Error for everything else that goes wrong, each with the file or value.
///
/// With a group its process 0 calls train() or resume(), and the others call assist() until it is done. Such
/// a training is deterministic: its model is the same, to the last bit, for 1, 2, 4 and 8 processes on
/// processors of one kind.
RunResult train(const std::filesystem::path& folder, const RunSettings& settings = {},
                const RunObserver& observer = {}, const RunCommand& command = {}, Group* group = nullptr);

/// Takes part in the training that process 0 of the group leads: reads the same pictures, on `threads`
/// threads (0: what this process may use), and computes a part of each batch. Writes nothing but the cache,
/// if the settings name one. Between two steps go_on() is asked; if it returns false, all processes stop and
/// process 0 saves a checkpoint. Throws Error when this process has other pictures or is of another version.
void assist(Group& group, int threads = 0, const std::function<bool()>& go_on = {});

/// A setting was given that would change the result of the training to be resumed.
class ChangedSetting : public SettingError {
 public:
  using SettingError::SettingError;
};

/// The pictures are not those that the training to be resumed began with. The sentence says what differs.
class ChangedData : public Error {
 public:
  ChangedData(const std::string& sentence, bool elsewhere) : Error(sentence), elsewhere_(elsewhere) {}
  /// Whether another folder was named than the one that the training began with.
  bool elsewhere() const { return elsewhere_; }

 private:
  bool elsewhere_;
};

struct ResumeOptions {
  std::filesystem::path folder = {};              // of the pictures, if they have been moved
  std::function<void(RunSettings&)> change = {};  // changes settings of the training
  std::string command = {};                       // for the record
};

/// Resumes the training in the folder of results `results` from its newest checkpoint. The model is the same,
/// to the last bit, as without the interruption. Throws as train() does, and ChangedSetting and ChangedData.
RunResult resume(const std::filesystem::path& results, const ResumeOptions& options = {},
                 const RunObserver& observer = {}, Group* group = nullptr);

/// Whether the training of which checkpoints lie in the folder of results has ended, or a newer one was
/// killed before its first checkpoint, and `folder` is another data folder than the one it began with. An
/// empty `folder` is the same one. Throws Error as resume() for what cannot be read.
bool is_past_and_elsewhere(const std::filesystem::path& results, const std::filesystem::path& folder);

struct MadeReport {
  std::filesystem::path page, model_card;
  std::string kept;  // a sentence about a model card that a person wrote or changed; empty: there was none
};

/// Writes the report of a training again, from its record, its model and its test pictures. `path` is what
/// find_run() takes. 0 threads mean as many as this process may use.
MadeReport make_report(const std::filesystem::path& path, int threads = 0, const OnProgress& reading = {},
                       const OnProgress& reporting = {});

}  // namespace bart
