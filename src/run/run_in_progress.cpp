#include "run_in_progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "bart/augment/picture_change.h"
#include "bart/formats/joblib.h"
#include "bart/formats/pth.h"
#include "bart/model/model.h"
#include "bart/pictures/encode_jpeg.h"
#include "bart/platform/files.h"
#include "bart/platform/hash.h"
#include "bart/platform/peak_memory.h"
#include "bart/record/dropout_text.h"
#include "bart/record/picture_hashes.h"
#include "bart/record/run_toml.h"
#include "bart/record/test_pictures.h"
#include "bart/record/version.h"
#include "bart/report/augmentation_sheet.h"
#include "bart/run/split_pictures.h"
#include "bart/training/predictions.h"
#include "initial_weights.h"
#include "make_report.h"
#include "run_warnings.h"
#include "written_files.h"

namespace bart {
namespace {

namespace fs = std::filesystem;
using std::chrono::steady_clock;

std::map<std::string, std::string> checkpoint_settings(const RunRecord& record, const fs::path& folder) {
  std::map<std::string, std::string> kept{{folder_setting, fs::absolute(folder).string()},
                                          {started_setting, record.started}};
  for (const Setting& setting : run_settings()) {
    if (setting.effect != Effect::output) {
      kept[fmt::format("--{}", setting.flag)] = text_of(setting, record.settings);
    }
  }
  return kept;
}

}  // namespace

RunInProgress::RunInProgress(fs::path folder, SettledSettings settled, const RunObserver& observer)
    : folder_(std::move(folder)),
      settled_(std::move(settled)),
      observer_(observer),
      out_(settled_.values.out),
      earlier_(out_) {}

BestBy RunInProgress::best_by() const {
  return settled_.values.best == "macro-f1" ? BestBy::macro_f1 : BestBy::accuracy;
}

void RunInProgress::saved(Saved what, const fs::path& path) const {
  if (observer_.saved) observer_.saved(what, path);
}

void RunInProgress::warn(const std::string& sentence) {
  std::vector<std::string>& warnings = result_.record.warnings;
  if (std::ranges::find(warnings, sentence) != warnings.end()) return;
  warnings.push_back(sentence);
  if (observer_.warning) observer_.warning(sentence);
}

/// Everything about places that can be known before a picture is looked for.
void RunInProgress::check_places() const {
  if (fs::is_directory(folder_) && lies_in(out_.results(), folder_)) {
    throw SettingError(
        fmt::format("the results would be written into the data folder {}: name another folder with {{out}}, "
                    "or run from outside",
                    folder_.string()));
  }
  check_cache(settled_.values.cache, folder_);
  check_writable(out_);
  if (resumed_ && !settled_.values.best.empty() && !result_.record.models.empty() &&
      !fs::exists(out_.best_model())) {
    throw Error(
        fmt::format("{} is gone, which the training to go on with had written: put it back, or begin "
                    "a new training",
                    out_.best_model().string()));
  }
}

void RunInProgress::list_pictures() {
  listing_ = list_data(folder_);
  if (const std::string& tests = settled_.values.test_folder; !tests.empty()) {
    add_part(listing_, list_folder(tests, 1), Part::test);
  }
  if (const std::string& validation = settled_.values.validation_folder; !validation.empty()) {
    add_part(listing_, list_folder(validation, 1), Part::validation);
  }
  if (observer_.listed) observer_.listed(listing_);
  result_.record.warnings.insert(result_.record.warnings.end(), listing_.warnings.begin(),
                                 listing_.warnings.end());
  architecture_ = {.classes = static_cast<int>(listing_.classes.size()),
                   .image_size = settled_.values.image_size};
  set_dropout(settled_.values.dropout, architecture_);
  layers_of(architecture_);  // refuses what cannot be built before anything is read
}

TrainingState RunInProgress::initial_state_for(std::size_t train_pictures) const {
  return initial_training_state(
      architecture_, settled_.training.seed, train_pictures,
      settled_.values.init_values == "he" ? InitialValues::he : InitialValues::pytorch);
}

/// Before the pictures are read, which may take long.
void RunInProgress::read_initial_model() {
  if (settled_.values.init.empty() || resumed_) return;
  initial_model_ = initial_state_for(1).model;
  init_has_same_classes_ = take_initial_weights(settled_.values.init, listing_.classes, initial_model_);
}

void RunInProgress::read_pictures() {
  const RunSettings& values = settled_.values;
  LoadOptions options{.image_size = values.image_size,
                      .threads = values.threads,
                      .apply_exif_orientation = !values.ignore_exif,
                      .strict = values.strict,
                      .cache = values.cache,
                      .scratch = existing_part(fs::absolute(out_.results()))};
  pictures_ = load_pictures(listing_, options, observer_.reading);
  if (settled_.training.augmentation.changes()) {
    options.image_size = larger_side(values.image_size);
    larger_ = load_pictures(listing_, options, observer_.reading);
    settled_.training.larger_pictures = &larger_;
  }
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
  record.data_folder = fs::absolute(listing_.folder);
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
    TrainingState state = initial_state_for(split_.train.size());
    if (!initial_model_.empty()) state.model = std::move(initial_model_);
    return state;
  }
  result_.record.started = found->checkpoint.settings[started_setting];
  result_.record.resumed_after_step =
      static_cast<std::int64_t>(found->checkpoint.training.progress.steps.size());
  return std::move(found->checkpoint.training);
}

/// What a training writes before its first step. The labels and the test pictures wait for its first model
/// where there is a model of an earlier training, which they would part from its own.
void RunInProgress::write_beginning() {
  // The record first: from here on the model in place, if there is one, is not of the training it tells of.
  if (!resumed_) write_record("running");
  if (!published_ && !earlier_.has_model()) publish_data();
  write_file(out_.pictures_csv(), encode_picture_hashes(pictures_, split_));
  write_file(out_.test_pictures_csv(), encode_test_pictures(listing_.folder, pictures_, split_));
  write_file(out_.run_toml(), encode_run_toml(settled_.values, fs::absolute(folder_)));
  write_augmented_pictures();
}

/// What the network will see of the first training pictures.
void RunInProgress::write_augmented_pictures() const {
  if (!settled_.training.augmentation.changes()) {
    std::error_code gone;
    fs::remove(out_.augmented_pictures(), gone);  // of an earlier training
    return;
  }
  constexpr std::size_t most = 6;
  const Picture sheet =
      augmentation_sheet(larger_, std::span(split_.train).first(std::min(most, split_.train.size())),
                         settled_.training.augmentation, settled_.values.image_size, settled_.training.seed);
  write_file(out_.augmented_pictures(), encode_jpeg(sheet, 90));
}

void RunInProgress::publish_data() {
  write_file(out_.labels(), encode_label_encoder(pictures_.classes));
  if (!split_.test.empty()) save_test_pictures(out_, pictures_, split_, settled_.values.threads);
  published_ = true;
}

/// Puts the present model in its place, and with the first one the labels and test pictures: a model names
/// its classes itself, so it comes before them.
void RunInProgress::publish_model(Training& training, const fs::path& file, const StateDict& state) {
  const RunSettings& values = settled_.values;
  const std::vector<std::uint8_t> bytes = encode_pth(state, {.classes = pictures_.classes,
                                                             .image_size = values.image_size,
                                                             .exif_orientation = !values.ignore_exif,
                                                             .bart_version = bart_version()});
  std::vector<ModelRecord>& models = result_.record.models;
  if (models.empty()) {
    earlier_.settle();
    std::error_code gone;
    fs::remove(out_.best_model(), gone);  // of the earlier training, which has it in bart-run/earlier/
    fs::remove(out_.last_model(), gone);
  }
  write_file(file, bytes);
  const std::string name = file.filename().string();
  std::erase_if(models, [&](const ModelRecord& model) { return model.file == name; });
  models.push_back({name, static_cast<int>(training.progress().epochs.size()), hash_of(bytes)});
  if (!published_) publish_data();
}

void RunInProgress::write_record(const std::string& status) {
  RunRecord& record = result_.record;
  record.status = status;
  record.written = iso_time();
  record.peak_memory_bytes = peak_memory_bytes();
  write_file(out_.run_json(), encode_run_record(record));
}

void RunInProgress::keep_progress(Training& training, const std::string& status) {
  const TrainingProgress& progress = training.progress();
  result_.record.steps = static_cast<std::int64_t>(progress.steps.size());
  result_.record.epochs = progress.epochs;
  write_file(out_.steps_csv(), encode_steps(progress.steps));
  write_record(status);
}

void RunInProgress::save_checkpoint_of(Training& training) {
  result_.checkpoint = save_checkpoint(
      out_.record(), {bart_version(), checkpoint_settings(result_.record, folder_), data_, training.state()});
  last_save_ = steady_clock::now();
  saved(Saved::checkpoint, result_.checkpoint);
}

bool RunInProgress::out_of_patience(const std::vector<EpochRecord>& epochs) const {
  const int patience = settled_.values.patience;
  return patience > 0 && static_cast<int>(epochs.size()) - best_epoch(epochs, best_by()) >= patience;
}

RunResult RunInProgress::run(std::optional<FoundCheckpoint> found, std::unique_ptr<FolderLock> lock,
                             const std::string& command) {
  RunRecord& record = result_.record;
  record.started = iso_time();
  resumed_ = found.has_value();
  if (resumed_ && fs::exists(out_.run_json())) {
    record.models = read_run_record(out_).models;
    published_ = !record.models.empty();
  }
  check_places();
  list_pictures();
  read_initial_model();
  read_pictures();
  if (found) check_data(found->checkpoint);
  split_ = split_pictures(pictures_, settled_.values);
  if (split_.test.empty() && split_.validation.empty() &&
      (!settled_.values.best.empty() || settled_.values.patience > 0)) {
    throw SettingError(
        "{best} and {patience} need pictures to validate on: keep some with {validation-size}");
  }
  fill_record(command);
  for (const std::string& warning : warnings_before(pictures_, split_, settled_.values)) warn(warning);
  const fs::path resumed_from = found ? found->path : fs::path();
  result_.checkpoint = resumed_from;
  TrainingState from = state_to_begin_with(std::move(found));

  create_folder(out_.record());
  if (!lock) lock = std::make_unique<FolderLock>(out_.record());
  if (!lock->warning().empty()) warn(lock->warning());
  remove_unfinished_files(out_);
  const bool earlier_model = !published_ && earlier_.has_model();
  std::optional<fs::path> earlier_checkpoint;
  std::size_t kept_pictures = 0;
  try {
    if (!resumed_) {
      earlier_checkpoint = set_checkpoints_aside(out_.record());
      kept_pictures = earlier_.keep();
    }
    write_beginning();
    if (observer_.start) {
      observer_.start({record, from.progress, resumed_from, init_has_same_classes_,
                       earlier_checkpoint.value_or(fs::path()), earlier_model, kept_pictures,
                       leftover_pictures(out_, split_.test.size())});
    }
    Training training(pictures_, split_, architecture_, settled_.training, std::move(from));
    train(training);
    if (record.status == "running") finish(training);
  } catch (...) {
    // A training that fails before it has written a model leaves everything as it was.
    if (!resumed_ && record.models.empty() && result_.checkpoint.empty()) {
      earlier_.restore();
      restore_checkpoints(out_.record());
    }
    throw;
  }
  return std::move(result_);
}

void RunInProgress::train(Training& training) {
  const std::vector<EpochRecord>& epochs = training.progress().epochs;
  keep_progress(training, "running");
  history_.emplace(out_, resumed_ ? &epochs : nullptr);
  bool stopped = false;  // by the observer
  TrainEvents events;
  events.step = [&](const StepRecord& step, std::size_t done, std::size_t total) {
    history_->step(step);
    stopped = observer_.step && !observer_.step(step, done, total);
    if (stopped) return false;
    if (steady_clock::now() - last_save_ >=
        std::chrono::duration<double>(60 * settled_.values.checkpoint_minutes)) {
      training.check_outputs();
      save_checkpoint_of(training);
      keep_progress(training, "running");
    }
    return true;
  };
  events.validation = [&](std::size_t done, std::size_t total) {
    stopped = observer_.validating && !observer_.validating(done, total);
    return !stopped;
  };
  events.epoch = [&](const EpochRecord& epoch) {
    stopped = !end_epoch(training, epoch);
    return !stopped && !out_of_patience(epochs);
  };
  try {
    if (!out_of_patience(epochs)) training.run(events);
    // The last step may have spoiled what no validation has looked at yet.
    if (training.progress().done > 0) training.check_outputs();
  } catch (const DivergedError& error) {
    warn(fmt::format("The training diverged: {}", error.what()));
    keep_progress(training, "diverged");
    throw DivergedError(fmt::format(
        "{}; {}{}", error.what(),
        result_.checkpoint.empty() ? "there is no checkpoint yet"
                                   : "the last good checkpoint is " + result_.checkpoint.string(),
        result_.record.models.empty() ? "" : fmt::format(", the last good model {}", out_.model().string())));
  }
  result_.out_of_patience = out_of_patience(epochs);
  result_.best_epoch = best_epoch(epochs, best_by());
  if (stopped && !training.finished() && !result_.out_of_patience) {
    save_checkpoint_of(training);
    keep_progress(training, "interrupted");
  }
}

/// Keeps what an epoch has come to. False where the observer stops the training.
bool RunInProgress::end_epoch(Training& training, const EpochRecord& epoch) {
  history_->epoch(epoch);
  const bool go_on = !observer_.epoch || observer_.epoch(epoch);
  const StateDict model = training.model();
  publish_model(training, out_.model(), model);
  if (!settled_.values.best.empty() && best_epoch(training.progress().epochs, best_by()) == epoch.epoch) {
    publish_model(training, out_.best_model(), model);
    saved(Saved::best_model, out_.best_model());
  }
  save_checkpoint_of(training);
  keep_progress(training, "running");
  return go_on;
}

void RunInProgress::finish(Training& training) {
  const TrainingProgress& progress = training.progress();
  publish_model(training, out_.model(), training.model());
  if (settled_.values.average > 0) publish_model(training, out_.last_model(), training.last_model());
  // One that was stopped within an epoch, or before the first one, can be gone on with, too.
  if (progress.done > 0 || progress.steps.empty()) save_checkpoint_of(training);
  for (const std::string& warning : warnings_after(pictures_, split_, progress)) warn(warning);
  const bool finished = training.finished() || result_.out_of_patience;
  keep_progress(training, finished ? "finished" : "stopped");
  if (observer_.trained) observer_.trained(result_);

  const bool tested = !split_.validation.empty() && !split_.test.empty();
  const bool reported = !settled_.values.no_report && !split_.test.empty();
  if (!reported) {
    std::error_code gone;
    fs::remove(out_.report(), gone);  // of an earlier training
  }
  if (!tested && !reported) {
    saved(Saved::model, out_.model());
    return;
  }
  const Model model = model_of(training.model());
  const Predictions predictions = predictions_of(model.network(), pictures_, split_.test,
                                                 static_cast<std::size_t>(settled_.training.batch_size),
                                                 tested ? observer_.testing : observer_.reporting);
  if (tested) {
    test(predictions);
    write_record(result_.record.status);
  }
  saved(Saved::model, out_.model());
  if (reported) report(model, predictions, progress.steps);
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
    const TestRecord& tested = result_.record.tests.emplace_back(
        TestRecord{model, 100 * figures.accuracy, figures.macro.f1, evaluation.loss});
    if (observer_.tested) observer_.tested(tested);
  };
  keep(evaluate(predictions), RunFolder::model_name);
  if (settled_.values.best.empty() || result_.record.epochs.empty()) return;
  const Model best = model_of(decode_pth(read_file(out_.best_model())));
  keep(evaluate(predictions_of(best.network(), pictures_, split_.test,
                               static_cast<std::size_t>(settled_.training.batch_size), observer_.testing)),
       RunFolder::best_model_name);
}

}  // namespace bart
