#include "run_in_progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <typeinfo>
#include <utility>

#include "bart/dataset/class_names.h"
#include "bart/engine/lack_of_memory.h"
#include "bart/formats/pth.h"
#include "bart/model/find_model.h"
#include "bart/model/model.h"
#include "bart/platform/files.h"
#include "bart/platform/hash.h"
#include "bart/platform/lies_in.h"
#include "bart/platform/make_folders.h"
#include "bart/platform/own_text.h"
#include "bart/record/best_by.h"
#include "bart/record/version.h"
#include "bart/report/report.h"
#include "bart/run/split_pictures.h"
#include "bart/training/predictions.h"
#include "check_links.h"
#include "make_report.h"
#include "patience.h"
#include "run_warnings.h"
#include "shared_training.h"
#include "written_files.h"

namespace bart {
namespace {

namespace fs = std::filesystem;

/// The device, if beside the training it has room for evaluations in batches of this size; else nullptr. A
/// training that is done does not fail for lack of it.
std::shared_ptr<Device> with_room(std::shared_ptr<Device> device, const Architecture& architecture,
                                  int batch_size) {
  constexpr int of_explanations = 32;
  const int largest = std::max(batch_size, of_explanations);
  return lack_of_memory(architecture, {.device = device}, largest, false) ? nullptr : device;
}

}  // namespace

RunInProgress::RunInProgress(fs::path folder, SettledSettings settled, const RunObserver& observer)
    : folder_(std::move(folder)),
      settled_(std::move(settled)),
      observer_(observer),
      result_{RunFolder(settled_.values.out), {}, {}, 0, false},
      output_(folder_, settled_.values, data_, result_, observer) {}

void RunInProgress::warn(const std::string& sentence) {
  std::vector<std::string>& warnings = result_.record.warnings;
  if (std::ranges::find(warnings, sentence) != warnings.end()) return;
  warnings.push_back(sentence);
  if (observer_.warning) observer_.warning(sentence);
}

/// What happened to a file, which is no warning about the training.
void RunInProgress::tell(const std::string& sentence) const {
  if (!sentence.empty() && observer_.warning) observer_.warning(sentence);
}

/// Checks everything about files and folders that can be known before the pictures are listed.
void RunInProgress::check_places() const {
  const std::vector<fs::path> folders = data_folders(folder_, settled_.values);
  check_out(out_.results(), folders);
  check_cache(settled_.values.cache, folders);
  check_writable(out_);
  std::vector<fs::path> inputs = folders;
  if (!settled_.values.init.empty()) inputs.emplace_back(settled_.values.init);
  check_links(out_, inputs);
  // A training that was stopped in its first epoch has a model but no best one.
  const std::vector<ModelRecord>& models = result_.record.models;
  const auto best = std::ranges::find(models, RunFolder::best_model_name, &ModelRecord::file);
  if (!resumed_ || best == models.end()) return;
  const bool gone = !fs::exists(out_.best_model());
  if (!gone && hash_of(read_file(out_.best_model())) == best->fingerprint) return;
  throw Error(fmt::format(
      "{} is {}, but the training to continue had written it: put it back, or begin a new training",
      out_.best_model().string(), gone ? "gone" : "another model"));
}

/// Throws SettingError if an epoch is to be chosen without pictures to validate on.
void RunInProgress::check_validates(std::span<const std::uint32_t> validated) const {
  if (!validated.empty() || (settled_.values.best.empty() && settled_.values.patience == 0)) return;
  throw SettingError("{best} and {patience} need pictures to validate on: keep some with {validation-size}");
}

void RunInProgress::list_pictures(const std::set<std::string>& given) {
  data_.listing = list_run_pictures(folder_, settled_.values);
  if (!resumed_) check_split(data_.listing, settled_.values, given);
  check_links_to_pictures(out_, data_.listing);
  if (observer_.listed) observer_.listed(data_.listing);
  result_.record.warnings.insert(result_.record.warnings.end(), data_.listing.warnings.begin(),
                                 data_.listing.warnings.end());
  const auto is_held_out = [](const ListedPicture& picture) {
    return picture.part == Part::test || picture.part == Part::validation;
  };
  if (settled_.values.test_size == 0 && settled_.values.validation_size == 0 &&
      std::ranges::none_of(data_.listing.pictures, is_held_out)) {
    check_validates({});
  }
  architecture_ = architecture_of(settled_.values, data_.listing.classes.size());
  layers_of(architecture_);  // throws before anything is read if there is no such network
  if (!resumed_) check_memory_of_device(settled_, architecture_);  // resume() has done it
  if (result_.record.models.empty()) {
    check_test_pictures_writable(out_, expected_test_pictures(data_.listing, settled_.values));
  }
  tell_settled(
      settled_, [&](const std::string& sentence) { warn(sentence); },
      [&](const std::string& name) {
        result_.record.gpu = name;
        if (observer_.gpu) observer_.gpu(name);
      });
}

TrainingState RunInProgress::initial_state_for(std::size_t train_pictures) const {
  return initial_training_state(architecture_, settled_.training.seed, train_pictures,
                                initial_values_of(settled_.values));
}

/// Comes before the pictures are read, which may take long.
void RunInProgress::read_initial_model() {
  if (settled_.values.init.empty() || resumed_) return;
  initial_weights_ = initial_state_for(1).model;
  initial_model_ = take_initial_weights(settled_.values, data_.listing.classes, initial_weights_);
  for (const std::string& warning : initial_model_->warnings) warn(warning);
}

void RunInProgress::read_pictures(const std::optional<FoundCheckpoint>& found) {
  const fs::path scratch = existing_part(fs::absolute(out_.results()));
  read_run_pictures(data_, settled_.values, scratch, observer_.reading, settled_.training.group);
  if (observer_.read) observer_.read(data_.pictures, settled_.values);
  data_.fingerprint = fingerprint_of(data_.pictures, settled_.values.threads);
  if (found) check_data(found->checkpoint);
  if (settled_.training.group != nullptr) {
    check_same_pictures(*settled_.training.group, data_.fingerprint, data_.pictures.files);
  }
  data_.split = split_pictures(data_.pictures, settled_.values);
  check_validates(data_.split.validated());
  if (settled_.training.augmentation.changes()) {
    read_larger_pictures(data_, settled_.values, scratch, observer_.reading, settled_.training.group);
    settled_.training.larger_pictures = &data_.larger;
  }
}

void RunInProgress::check_data(const Checkpoint& checkpoint) const {
  std::string change = difference(checkpoint.data, data_.fingerprint, data_.pictures.files);
  if (change.empty()) return;
  if (checkpoint.data.classes != data_.fingerprint.classes &&
      places_of_same_classes(recorded_classes(out_, checkpoint), data_.pictures.classes)) {
    // With another order of the classes, or of their files, the steps would be other ones.
    change =
        "its class names are the same text, once composed and once decomposed (Unicode's NFC and NFD), "
        "and a training goes on only with the same bytes";
  }
  const auto began = checkpoint.settings.find(folder_setting);
  const fs::path before = began == checkpoint.settings.end() ? folder_ : fs::path(began->second);
  if (is_same_place(folder_, before)) {
    throw ChangedData(fmt::format("{} has changed since the training began: {}", folder_.string(), change),
                      false);
  }
  throw ChangedData(
      fmt::format("the training in {} began with other pictures than those of {}, with those of {}: "
                  "{}",
                  out_.results().string(), folder_.string(), before.string(), change),
      true);
}

void RunInProgress::fill_record(const std::string& command) {
  RunRecord& record = result_.record;
  record.command = command;
  record.version = bart_version();
  record.machine = this_machine();
  record.threads = settled_.training.threads;
  record.settings = settled_.values;
  if (has_test_pictures(data_.listing)) record.settings.test_size = 0;  // no share was kept
  record.data_folder = fs::absolute(data_.listing.folder);
  record.classes = data_.pictures.classes;
  record.pictures = data_.pictures.size();
  record.train_pictures = data_.split.train.size();
  record.validation_pictures = data_.split.validation.size();
  record.test_pictures = data_.split.test.size();
  const auto given = [&](const std::vector<std::uint32_t>& side) {
    return !side.empty() && !data_.pictures.parts.empty() &&
           data_.pictures.parts[side.front()] != Part::none &&
           data_.pictures.parts[side.front()] != Part::train;
  };
  record.validation_given = given(data_.split.validation);
  record.test_given = given(data_.split.test);
  record.sizes = data_.pictures.sizes.size();
  record.bytes = data_.pictures.bytes_read;
  record.skipped = data_.pictures.skipped;
  record.converted = data_.pictures.converted;
}

TrainingState RunInProgress::state_to_begin_with(std::optional<FoundCheckpoint> found) {
  if (!found) {
    TrainingState state = initial_state_for(data_.split.train.size());
    if (initial_model_) state.model = std::move(initial_weights_);
    return state;
  }
  result_.record.started = found->checkpoint.settings[started_setting];
  result_.record.resumed_after_step =
      static_cast<std::int64_t>(found->checkpoint.training.progress.steps.size());
  return std::move(found->checkpoint.training);
}

RunResult RunInProgress::run(std::optional<FoundCheckpoint> found, std::unique_ptr<FolderLock> lock,
                             const RunCommand& command) {
  RunRecord& record = result_.record;
  record.started = iso_time();
  resumed_ = found.has_value();
  if (resumed_) output_.take_over_models();
  check_places();
  Group* const group = settled_.training.group;
  if (group != nullptr) share_start(*group, {fs::absolute(folder_), settled_.values});
  list_pictures(command.given);
  read_initial_model();
  read_pictures(found);
  fill_record(command.text);
  for (const std::string& warning : warnings_before(data_.pictures, data_.split, settled_.values))
    warn(warning);
  for (const std::string& warning :
       warnings_of_known_pictures(data_.pictures, data_.split, initial_model_ ? &*initial_model_ : nullptr)) {
    warn(warning);
  }
  if (group != nullptr) {
    Computers computers = share_computers(*group);
    if (!computers.difference.empty()) warn(computers.difference);
    record.hosts = std::move(computers.hosts);
  }
  const fs::path resumed_from = found ? found->path : fs::path();
  result_.checkpoint = resumed_from;
  TrainingState from = state_to_begin_with(std::move(found));

  make_folders(out_.record());
  if (!lock) lock = std::make_unique<FolderLock>(out_.record());
  if (!lock->warning().empty()) warn(lock->warning());
  remove_unfinished_files(out_);
  const bool earlier_model = output_.earlier_model_stays();
  RunOutput::SetAside earlier;
  try {
    if (!resumed_) earlier = output_.set_earlier_run_aside();
    for (const std::string& others : earlier.others) warn(others);
    if (resumed_) {
      for (const std::string& changed : output_.set_changed_aside()) warn(changed);
    }
    output_.write_beginning();
    if (observer_.start) {
      observer_.start({record, from.progress, resumed_from,
                       initial_model_ ? initial_model_->file : fs::path(),
                       earlier.checkpoint.value_or(fs::path()), earlier_model, output_.has_earlier_record(),
                       leftover_pictures(out_, data_.split.test.size())});
    }
    if (group != nullptr) from = share_state(*group, std::move(from));
    Training training(data_.pictures, data_.split, architecture_, settled_.training, std::move(from));
    train(training);
    if (record.status == "running") finish(training);
  } catch (const std::exception& error) {
    // A training that fails before it has written a model leaves everything as it was.
    if (!resumed_ && record.models.empty() && result_.checkpoint.empty()) {
      output_.restore_earlier_run();
      throw;
    }
    std::error_code none;
    const bool goes_on =
        record.status == "running" && !result_.checkpoint.empty() && fs::exists(result_.checkpoint, none);
    tell_interrupted();
    if (typeid(error) != typeid(Error) || !goes_on) throw;
    throw Error(fmt::format("{}; bart train --resume --out {} goes on from {}", error.what(),
                            out_.results().string(), result_.checkpoint.string()));
  }
  return std::move(result_);
}

/// Of a training that fails the record says so, if it can still be written.
void RunInProgress::tell_interrupted() {
  if (result_.record.status != "running") return;
  try {
    output_.write_record("interrupted");
  } catch (const Error&) {  // the failure itself is told
  }
}

/// `stopped` becomes true when the observer stops the training.
TrainEvents RunInProgress::events(Training& training, bool& stopped) {
  TrainEvents events;
  const auto agreed = [group = settled_.training.group](bool mine) {
    return group == nullptr ? mine : all_true(*group, mine);
  };
  events.step = [&, agreed](const StepRecord& step, std::size_t done, std::size_t total) {
    history_->step(step);
    // After a stop there may be more steps to tell of, which a device had done already.
    if (!agreed(!observer_.step || observer_.step(step, done, total))) stopped = true;
    if (stopped) return false;
    if (output_.seconds_since_checkpoint() >= 60 * settled_.values.checkpoint_minutes) {
      training.check_outputs();
      output_.write_checkpoint(training);
      write_progress(training, "running");
    }
    return true;
  };
  events.validation = [&, agreed](std::size_t done, std::size_t total) {
    stopped = !agreed(!observer_.validating || observer_.validating(done, total));
    return !stopped;
  };
  events.last_epoch = [&](const EpochRecord& epoch) {
    return ends_with(epoch, training.progress(), settled_);
  };
  events.epoch = [&, agreed](const EpochRecord& epoch) {
    stopped = !agreed(end_epoch(training, epoch));
    return !stopped && !out_of_patience(training.progress(), settled_);
  };
  return events;
}

void RunInProgress::train(Training& training) {
  const TrainingProgress& progress = training.progress();
  write_progress(training, "running");
  history_.emplace(out_, resumed_ ? &progress.epochs : nullptr);
  if (!resumed_) history_->begin(result_.record);
  bool stopped = false;
  try {
    if (!out_of_patience(progress, settled_)) training.run(events(training, stopped));
    if (!stopped) training.settle();
    // No validation has checked the outputs since the last step.
    if (progress.done > 0) training.check_outputs();
  } catch (const DivergedError& error) {
    warn(fmt::format("The training diverged: {}", error.what()));
    write_progress(training, "diverged");
    history_->ended(false);
    throw DivergedError(fmt::format(
        "{}; {}{}", error.what(),
        result_.checkpoint.empty() ? "there is no checkpoint yet"
                                   : "the last good checkpoint is " + result_.checkpoint.string(),
        result_.record.models.empty() ? "" : fmt::format(", the last good model {}", out_.model().string())));
  }
  result_.out_of_patience = out_of_patience(progress, settled_);
  result_.best_epoch = best_epoch(progress.epochs, best_by(settled_.values));
  if (stopped && !training.finished() && !result_.out_of_patience) {
    output_.write_checkpoint(training);
    write_progress(training, "interrupted");
  }
}

/// Whether there is a report: of a training without pictures to test or validate on there is nothing to tell.
bool RunInProgress::reports() const {
  return !settled_.values.no_report && !data_.split.validated().empty();
}

/// Writes the record, and the report as far as it can be made of figures that are at hand.
void RunInProgress::write_progress(Training& training, const std::string& status) {
  const TrainingProgress& progress = training.progress();
  output_.write_progress(progress, status);
  if (!reports()) return;
  const std::optional<Predictions>& validated = training.last_predictions();
  try {
    write_file(out_.report(),
               progress_report({out_, result_.record, progress.steps}, validated ? &*validated : nullptr));
  } catch (const Error& error) {
    tell(fmt::format("The report was not written, and the training goes on: {}", error.what()));
  }
}

/// Saves the model and the figures of an epoch. Returns false when the observer stops the training.
bool RunInProgress::end_epoch(Training& training, const EpochRecord& epoch) {
  history_->epoch(epoch);
  if (training.last_predictions()) {
    history_->validated(epoch.epoch, *training.last_predictions(), data_.pictures, data_.split.validated());
  }
  const bool go_on = !observer_.epoch || observer_.epoch(epoch);
  const TrainingProgress& progress = training.progress();
  const StateDict model = training.model();
  output_.write_model(out_.model(), model, epoch.epoch);
  model_step_ = static_cast<std::int64_t>(progress.steps.size());
  if (!settled_.values.best.empty() && best_epoch(progress.epochs, best_by(settled_.values)) == epoch.epoch) {
    output_.write_model(out_.best_model(), model, epoch.epoch);
    output_.saved(Saved::best_model, out_.best_model());
  }
  // Before the checkpoint, which takes longer: a model that the record does not name is of a training that
  // was killed between the two.
  write_progress(training, "running");
  output_.write_checkpoint(training);
  return go_on;
}

void RunInProgress::finish(Training& training) {
  const TrainingProgress& progress = training.progress();
  const int epochs = static_cast<int>(progress.epochs.size());
  if (model_step_ != static_cast<std::int64_t>(progress.steps.size())) {
    output_.write_model(out_.model(), training.model(), epochs);
  }
  if (settled_.values.average > 0) output_.write_model(out_.last_model(), training.last_model(), epochs);
  // A training that stopped within an epoch, or before the first one, can be resumed, too.
  if (progress.done > 0 || progress.steps.empty()) output_.write_checkpoint(training);
  for (const std::string& warning : warnings_after(data_.pictures, data_.split, progress)) warn(warning);
  if (training.last_predictions()) {
    record_evaluation(evaluate(*training.last_predictions()), RunFolder::model_name,
                      data_.split.validation.empty() ? "test" : "validation");
  }
  const bool finished = training.finished() || result_.out_of_patience;
  output_.write_progress(progress, finished ? "finished" : "stopped");
  history_->ended(true);
  if (observer_.trained) observer_.trained(result_);

  const bool tested = !data_.split.validation.empty() && !data_.split.test.empty();
  const bool reported = !settled_.values.no_report && !data_.split.test.empty();
  if (!reported) {
    std::error_code gone;
    tell(keep_text_of_others(out_.model_card()));
    fs::remove(out_.model_card(), gone);  // of an earlier training
    if (reports()) {
      write_progress(training, result_.record.status);
    } else {
      fs::remove(out_.report(), gone);
    }
  }
  if (!tested && !reported) {
    output_.saved(Saved::model, out_.model());
    return;
  }
  const Model model = model_of(training.model());
  // Without a validation set the last validation has predicted the test pictures.
  const bool predicted = data_.split.validation.empty() && training.last_predictions();
  const Predictions predictions = predicted
                                      ? *training.last_predictions()
                                      : predictions_of(model.network(), data_.pictures, data_.split.test,
                                                       static_cast<std::size_t>(settled_.training.batch_size),
                                                       tested ? observer_.testing : observer_.reporting);
  if (tested) {
    test(predictions);
  } else if (!predicted) {
    record_evaluation(evaluate(predictions), RunFolder::model_name, "test");
  }
  if (!predicted) output_.write_record(result_.record.status);
  output_.saved(Saved::model, out_.model());
  if (reported) report(model, predictions, progress.steps);
}

Model RunInProgress::model_of(StateDict state) const {
  return Model({.state = std::move(state), .classes = data_.pictures.classes},
               {.threads = settled_.training.threads,
                .device = with_room(settled_.training.device, architecture_, settled_.training.batch_size),
                .exact = settled_.training.exact});
}

void RunInProgress::report(const Model& model, const Predictions& predictions,
                           const std::vector<StepRecord>& steps) {
  try {
    tell(write_report({out_, result_.record, steps}, model, data_.pictures, data_.split.test, predictions));
  } catch (const Error& error) {
    throw Error(fmt::format(
        "the model is saved, but the report could not be written: {}; bart report writes it again",
        error.what()));
  }
  output_.saved(Saved::report, out_.report());
}

void RunInProgress::record_evaluation(const Evaluation& evaluation, const char* model, const char* pictures) {
  result_.record.evaluations.push_back(
      {model, pictures, evaluation.calibration.expected_error, evaluation.report.classes});
}

/// Measures the models on the test pictures, which played no part in any choice.
void RunInProgress::test(const Predictions& predictions) {
  const auto keep = [&](const Evaluation& evaluation, const char* model) {
    const ClassificationReport& figures = evaluation.report;
    const TestRecord& tested = result_.record.tests.emplace_back(
        TestRecord{model, 100 * figures.accuracy, figures.macro.f1, evaluation.loss});
    record_evaluation(evaluation, model, "test");
    if (observer_.tested) observer_.tested(tested);
  };
  keep(evaluate(predictions), RunFolder::model_name);
  if (settled_.values.best.empty() || result_.record.epochs.empty()) return;
  const Model best = model_of(decode_pth(read_file(out_.best_model())));
  keep(evaluate(predictions_of(best.network(), data_.pictures, data_.split.test,
                               static_cast<std::size_t>(settled_.training.batch_size), observer_.testing)),
       RunFolder::best_model_name);
}

}  // namespace bart
