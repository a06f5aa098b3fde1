#include "bart/run/run.h"

#include <fmt/format.h>

#include <chrono>
#include <map>
#include <memory>
#include <utility>

#include "bart/checkpoint/checkpoint_folder.h"
#include "bart/checkpoint/data_fingerprint.h"
#include "bart/dataset/listing.h"
#include "bart/formats/joblib.h"
#include "bart/formats/pth.h"
#include "bart/model/model.h"
#include "bart/platform/files.h"
#include "bart/platform/folder_lock.h"
#include "bart/platform/peak_memory.h"
#include "bart/record/run_toml.h"
#include "bart/record/test_pictures.h"
#include "bart/record/version.h"
#include "bart/report/history.h"
#include "bart/run/settle.h"
#include "bart/training/predictions.h"
#include "initial_weights.h"
#include "make_report.h"
#include "split_pictures.h"
#include "written_files.h"

namespace bart {
namespace {

namespace fs = std::filesystem;
using std::chrono::steady_clock;

// What a checkpoint's settings keep beside those of the table, which it names like flags ("--lr").
constexpr const char* folder_setting = "folder";
constexpr const char* started_setting = "started";

std::map<std::string, std::string> checkpoint_settings(const RunRecord& record) {
  std::map<std::string, std::string> kept{{folder_setting, record.data_folder.string()},
                                          {started_setting, record.started}};
  for (const Setting& setting : run_settings()) {
    if (setting.effect != Effect::output) {
      kept[fmt::format("--{}", setting.flag)] = text_of(setting, record.settings);
    }
  }
  return kept;
}

RunSettings settings_of(const Checkpoint& checkpoint) {
  RunSettings settings;
  for (const Setting& setting : run_settings()) {
    const auto kept = checkpoint.settings.find(fmt::format("--{}", setting.flag));
    if (kept == checkpoint.settings.end()) continue;
    if (!set_from_text(setting, settings, kept->second)) {
      throw Error(fmt::format("the checkpoint's {} is \"{}\"", setting.name, kept->second));
    }
  }
  return settings;
}

/// The lock of a folder that exists. One training at a time; where there has been one, this is known before a
/// single picture is read.
std::unique_ptr<FolderLock> lock_of(const RunFolder& folder) {
  if (!fs::is_directory(folder.record())) return nullptr;
  return std::make_unique<FolderLock>(folder.record());
}

/// A training from the reading of its pictures to its report.
class RunInProgress {
 public:
  RunInProgress(fs::path folder, SettledSettings settled, const RunObserver& observer)
      : folder_(std::move(folder)),
        settled_(std::move(settled)),
        observer_(observer),
        out_(settled_.values.out) {}

  RunResult run(std::optional<FoundCheckpoint> found, std::unique_ptr<FolderLock> lock,
                const std::string& command);

 private:
  void read_pictures();
  void check_data(const Checkpoint& checkpoint) const;
  void fill_record(const std::string& command);
  TrainingState state_to_begin_with(std::optional<FoundCheckpoint> found);
  void write_beginning();
  void train(Training& training);
  void finish(Training& training);
  void finish_record();
  Model model_of(StateDict state) const;
  void test(const Predictions& predictions);
  void report(const Model& model, const Predictions& predictions, const std::vector<StepRecord>& steps);

  void write_record(const std::string& status);
  void save_checkpoint_of(Training& training);
  bool out_of_patience(const std::vector<EpochRecord>& epochs) const;
  BestBy best_by() const { return settled_.values.best == "macro-f1" ? BestBy::macro_f1 : BestBy::accuracy; }
  void saved(Saved what, const fs::path& path) const {
    if (observer_.saved) observer_.saved(what, path);
  }

  fs::path folder_;
  SettledSettings settled_;
  const RunObserver& observer_;
  RunFolder out_;
  RunResult result_{out_, {}, {}, 0, false};
  LoadedPictures pictures_;
  DataFingerprint data_;
  Split split_;
  Architecture architecture_;
  bool init_has_same_classes_ = false;
  bool resumed_ = false;
  steady_clock::time_point last_save_ = steady_clock::now();
};

void RunInProgress::read_pictures() {
  const RunSettings& values = settled_.values;
  const Listing listing = list_folder(folder_);
  if (observer_.listed) observer_.listed(listing);
  pictures_ = load_pictures(listing,
                            {.image_size = values.image_size,
                             .threads = values.threads,
                             .apply_exif_orientation = !values.ignore_exif,
                             .strict = values.strict,
                             .cache = values.cache,
                             .scratch = existing_part(fs::absolute(out_.results()))},
                            observer_.reading);
  if (observer_.read) observer_.read(pictures_, values);
  data_ = fingerprint_of(pictures_, values.threads);
}

void RunInProgress::check_data(const Checkpoint& checkpoint) const {
  const std::string change = difference(checkpoint.data, data_, pictures_.files);
  if (change.empty()) return;
  throw Error(
      fmt::format("{} is not what the training began with: {}; make it what it was, or begin a new training",
                  folder_.string(), change));
}

void RunInProgress::fill_record(const std::string& command) {
  RunRecord& record = result_.record;
  record.command = command;
  record.version = bart_version();
  record.machine = this_machine();
  record.threads = settled_.training.threads;
  record.settings = settled_.values;
  record.data_folder = fs::absolute(folder_);
  record.classes = pictures_.classes;
  record.pictures = pictures_.size();
  record.train_pictures = split_.train.size();
  record.validation_pictures = split_.validation.size();
  record.test_pictures = split_.test.size();
  record.sizes = pictures_.sizes.size();
  record.bytes = pictures_.bytes_read;
  record.skipped = pictures_.skipped;
  record.converted = pictures_.converted;
}

TrainingState RunInProgress::state_to_begin_with(std::optional<FoundCheckpoint> found) {
  if (!found) {
    TrainingState state = initial_training_state(architecture_, settled_.training.seed, split_.train.size());
    if (const std::string& init = settled_.values.init; !init.empty()) {
      init_has_same_classes_ = take_initial_weights(init, pictures_.classes, state.model);
    }
    return state;
  }
  result_.record.started = found->checkpoint.settings[started_setting];
  result_.record.resumed_after_step =
      static_cast<std::int64_t>(found->checkpoint.training.progress.steps.size());
  return std::move(found->checkpoint.training);
}

/// What a training writes before its first step.
void RunInProgress::write_beginning() {
  save_test_pictures(out_, pictures_, split_, settled_.values.threads);
  write_file(out_.labels(), encode_label_encoder(pictures_.classes));
  write_file(out_.test_pictures_csv(), encode_test_pictures(folder_, pictures_, split_));
  write_file(out_.run_toml(), encode_run_toml(settled_.values, fs::absolute(folder_)));
}

void RunInProgress::write_record(const std::string& status) {
  RunRecord& record = result_.record;
  record.status = status;
  record.written = iso_time();
  record.peak_memory_bytes = peak_memory_bytes();
  write_file(out_.run_json(), encode_run_record(record));
}

void RunInProgress::save_checkpoint_of(Training& training) {
  result_.checkpoint = save_checkpoint(
      out_.record(), {bart_version(), checkpoint_settings(result_.record), data_, training.state()});
  last_save_ = steady_clock::now();
  saved(Saved::checkpoint, result_.checkpoint);
}

bool RunInProgress::out_of_patience(const std::vector<EpochRecord>& epochs) const {
  const int patience = settled_.values.patience;
  return patience > 0 && static_cast<int>(epochs.size()) - best_epoch(epochs, best_by()) >= patience;
}

RunResult RunInProgress::run(std::optional<FoundCheckpoint> found, std::unique_ptr<FolderLock> lock,
                             const std::string& command) {
  result_.record.started = iso_time();
  resumed_ = found.has_value();
  if (lies_in(out_.results(), folder_)) {
    throw SettingError(
        fmt::format("the results would be written into the data folder {}: name another folder with {{out}}, "
                    "or run from outside",
                    folder_.string()));
  }
  check_cache(settled_.values.cache, folder_);
  read_pictures();
  if (found) check_data(found->checkpoint);
  split_ = split_pictures(pictures_, settled_.values);
  architecture_ = {.classes = static_cast<int>(pictures_.classes.size()),
                   .image_size = settled_.values.image_size};
  layers_of(architecture_);  // refuses what cannot be built before anything is written
  fill_record(command);
  const fs::path resumed_from = found ? found->path : fs::path();
  result_.checkpoint = resumed_from;
  TrainingState from = state_to_begin_with(std::move(found));

  create_folder(out_.record());
  if (!lock) lock = std::make_unique<FolderLock>(out_.record());
  if (observer_.warning && !lock->warning().empty()) observer_.warning(lock->warning());
  remove_unfinished_files(out_);
  const auto earlier = resumed_ ? std::nullopt : set_checkpoints_aside(out_.record());
  write_beginning();
  if (observer_.start) {
    observer_.start({result_.record, from.progress, resumed_from, init_has_same_classes_,
                     earlier.value_or(fs::path()), leftover_pictures(out_, split_.test.size())});
  }
  Training training(pictures_, split_, architecture_, settled_.training, std::move(from));
  train(training);
  if (result_.record.status == "interrupted") return std::move(result_);
  finish(training);
  return std::move(result_);
}

void RunInProgress::train(Training& training) {
  const std::vector<EpochRecord>& epochs = training.progress().epochs;
  const auto keep_progress = [&](const std::string& status) {
    result_.record.steps = static_cast<std::int64_t>(training.progress().steps.size());
    result_.record.epochs = epochs;
    write_file(out_.steps_csv(), encode_steps(training.progress().steps));
    write_record(status);
  };
  keep_progress("running");
  RunHistory history(out_, resumed_ ? &epochs : nullptr);
  bool stopped = false;  // by the observer
  TrainEvents events;
  events.step = [&](const StepRecord& step, std::size_t done, std::size_t total) {
    history.step(step);
    stopped = observer_.step && !observer_.step(step, done, total);
    if (stopped) return false;
    if (steady_clock::now() - last_save_ >=
        std::chrono::duration<double>(60 * settled_.values.checkpoint_minutes)) {
      save_checkpoint_of(training);
      keep_progress("running");
    }
    return true;
  };
  events.validation = [&](std::size_t done, std::size_t total) {
    stopped = observer_.validating && !observer_.validating(done, total);
    return !stopped;
  };
  events.epoch = [&](const EpochRecord& epoch) {
    history.epoch(epoch);
    stopped = observer_.epoch && !observer_.epoch(epoch);
    if (!settled_.values.best.empty() && best_epoch(epochs, best_by()) == epoch.epoch) {
      write_file(out_.best_model(), encode_pth(training.model()));
      saved(Saved::best_model, out_.best_model());
    }
    save_checkpoint_of(training);
    keep_progress("running");
    return !stopped && !out_of_patience(epochs);
  };
  try {
    if (!out_of_patience(epochs)) training.run(events);
  } catch (const DivergedError& error) {
    throw Error(fmt::format("{}; {}", error.what(),
                            result_.checkpoint.empty()
                                ? "there is no checkpoint yet"
                                : "the last good checkpoint is " + result_.checkpoint.string()));
  }
  result_.out_of_patience = out_of_patience(epochs);
  result_.best_epoch = best_epoch(epochs, best_by());
  const bool finished = training.finished() || result_.out_of_patience;
  if (stopped && !finished) {
    save_checkpoint_of(training);
    keep_progress("interrupted");
  } else {
    result_.record.steps = static_cast<std::int64_t>(training.progress().steps.size());
    result_.record.epochs = epochs;
    result_.record.status = finished ? "finished" : "stopped";
    write_file(out_.steps_csv(), encode_steps(training.progress().steps));
  }
}

void RunInProgress::finish(Training& training) {
  write_file(out_.model(), encode_pth(training.model()));
  if (observer_.trained) observer_.trained(result_);
  const bool tested = !split_.validation.empty();
  const bool reported = !settled_.values.no_report;
  if (tested || reported) {
    const Model model = model_of(training.model());
    const Predictions predictions = predictions_of(model.network(), pictures_, split_.test,
                                                   static_cast<std::size_t>(settled_.training.batch_size),
                                                   tested ? observer_.testing : observer_.reporting);
    if (tested) test(predictions);
    finish_record();
    if (reported) report(model, predictions, training.progress().steps);
  } else {
    finish_record();
  }
}

void RunInProgress::finish_record() {
  write_record(result_.record.status);
  saved(Saved::model, out_.model());
}

Model RunInProgress::model_of(StateDict state) const {
  return Model({.state = std::move(state), .classes = pictures_.classes},
               {.threads = settled_.training.threads, .exact = settled_.training.exact});
}

void RunInProgress::report(const Model& model, const Predictions& predictions,
                           const std::vector<StepRecord>& steps) {
  try {
    write_report({out_, result_.record, steps}, model, pictures_, split_.test, predictions);
  } catch (const Error& error) {
    throw Error(fmt::format("the model is saved, but there is no report: {}; bart report makes it anew",
                            error.what()));
  }
  saved(Saved::report, out_.report());
}

/// The figures on the test pictures, which nothing was chosen on.
void RunInProgress::test(const Predictions& predictions) {
  const auto keep = [&](const Evaluation& evaluation, const char* model) {
    const ClassificationReport& figures = evaluation.report;
    const TestRecord& test = result_.record.tests.emplace_back(
        TestRecord{model, 100 * figures.accuracy, figures.macro.f1, evaluation.loss});
    if (observer_.tested) observer_.tested(test);
  };
  keep(evaluate(predictions), RunFolder::model_name);
  if (settled_.values.best.empty() || result_.record.epochs.empty()) return;
  const Model best = model_of(decode_pth(read_file(out_.best_model())));
  keep(evaluate(predictions_of(best.network(), pictures_, split_.test,
                               static_cast<std::size_t>(settled_.training.batch_size), observer_.testing)),
       RunFolder::best_model_name);
}

/// Throws ChangedSetting where a setting that decides the result is another one than it was.
void check_unchanged(const RunSettings& before, const RunSettings& now) {
  for (const Setting& setting : run_settings()) {
    if (setting.effect != Effect::result || text_of(setting, before) == text_of(setting, now)) continue;
    throw ChangedSetting(fmt::format("{{{}}} is {}, but the training to go on with began with {}",
                                     setting.flag, text_of(setting, now), text_of(setting, before)));
  }
}

}  // namespace

RunResult train(const fs::path& folder, const RunSettings& settings, const RunObserver& observer,
                const std::string& command) {
  SettledSettings settled = settle(settings);
  auto lock = lock_of(RunFolder(settings.out));
  return RunInProgress(folder, std::move(settled), observer).run(std::nullopt, std::move(lock), command);
}

RunResult resume(const fs::path& results, const ResumeOptions& options, const RunObserver& observer) {
  const RunFolder run_folder(results);
  auto lock = lock_of(run_folder);
  FoundCheckpoint found = newest_checkpoint(run_folder.record());
  for (const std::string& damaged : found.damaged) {
    if (observer.warning) observer.warning(fmt::format("Passed over {}", damaged));
  }
  if (found.checkpoint.version != bart_version()) {
    throw Error(fmt::format("{} is of BART {}, this is {}: go on with that version, or begin a new training",
                            found.path.string(), found.checkpoint.version, bart_version()));
  }
  const RunSettings before = settings_of(found.checkpoint);
  RunSettings asked = before;
  if (options.change) options.change(asked);
  asked.out = results.string();
  SettledSettings settled = settle(asked);
  check_unchanged(before, settled.values);
  const int done = found.checkpoint.training.progress.epoch - 1;
  if (done > asked.epochs) {
    throw SettingError(
        fmt::format("{{epochs}} is {}, but {} are done: name at least as many", asked.epochs, done));
  }
  const fs::path folder =
      options.folder.empty() ? fs::path(found.checkpoint.settings[folder_setting]) : options.folder;
  return RunInProgress(folder, std::move(settled), observer)
      .run(std::move(found), std::move(lock), options.command);
}

}  // namespace bart
