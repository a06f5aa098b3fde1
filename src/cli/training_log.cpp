#include "training_log.h"

#include <fmt/format.h>

#include <cmath>
#include <string>
#include <utility>

#include "arguments.h"
#include "bart/platform/counted.h"
#include "bart/record/epoch_figures.h"
#include "bart/record/run_folder.h"
#include "bart/run/settle.h"
#include "cache_text.h"
#include "listing_text.h"

namespace bart {
namespace {

namespace fs = std::filesystem;

/// Python's str() of a (height, width, 3) tuple.
std::string shape_text(const std::pair<int, int>& size) {
  return fmt::format("({}, {}, 3)", size.first, size.second);
}

/// The command that resumes the training in `out`.
std::string resume_command(const fs::path& out) {
  const std::string folder = out.string();
  const char* const arguments[] = {"bart", "train", "--resume", "--out", folder.c_str()};
  return quoted_command(out == "." ? 3 : 5, arguments);
}

}  // namespace

RunObserver TrainingLog::observer() {
  RunObserver observer;
  observer.listed = [this](const Listing& listing) { log_listing(log_, listing); };
  observer.reading = [this](std::size_t done, std::size_t total) {
    progress_.show("Reading pictures", done, total);
  };
  observer.read = [this](const LoadedPictures& pictures, const RunSettings& settings) {
    tell_data(pictures, settings);
  };
  observer.start = [this](const RunStart& start) {
    tell_start(start);
    signals_.emplace();
  };
  observer.step = [this](const StepRecord& step, std::size_t done, std::size_t total) {
    epoch_ = step.epoch;
    progress_.show(fmt::format("Epoch {}/{}", epoch_, epochs_), done, total,
                   fmt::format("loss {:.3f}", step.loss));
    return signal() == 0;
  };
  observer.validating = [this](std::size_t done, std::size_t total) {
    progress_.show(fmt::format("Validating {}/{}", epoch_, epochs_), done, total);
    return signal() == 0;
  };
  observer.epoch = [this](const EpochRecord& epoch) {
    tell_epoch(epoch);
    return true;
  };
  observer.trained = [this](const RunResult& result) {
    progress_.clear();
    tell_best(result);
  };
  observer.testing = [this](std::size_t done, std::size_t total) { progress_.show("Testing", done, total); };
  observer.tested = [this](const TestRecord& test) {
    progress_.clear();
    log_.info(fmt::format("{}: Test Acc: {:.3f}%, Test Macro F1: {:.3f}", test.model, test.accuracy_percent,
                          test.macro_f1));
  };
  observer.reporting = [this](std::size_t done, std::size_t total) {
    progress_.show("Making the report", done, total);
  };
  observer.saved = [this](Saved what, const fs::path& path) {
    if (what == Saved::model) tell_model(path);
    if (what != Saved::report) return;
    progress_.clear();
    log_.info(fmt::format("Saved {}", path.string()));
  };
  observer.warning = [this](const std::string& sentence) { log_.warning(sentence); };
  return observer;
}

void TrainingLog::tell_data(const LoadedPictures& pictures, const RunSettings& settings) {
  progress_.clear();
  skipped_ = pictures.skipped.size();
  files_ = pictures.skipped.size() + pictures.size();
  log_cache(log_, pictures, settings.cache);
  for (const SkippedPicture& skipped : pictures.skipped) {
    log_.warning(fmt::format("Skipped {}: {}", skipped.file, skipped.reason));
  }
  log_.info(fmt::format("The number of images: {} is equal to the number of labels: True", pictures.size()));
  log_.info(fmt::format("Number of classes: {}", pictures.classes.size()));
  if (pictures.sizes.size() == 1) {
    log_.info(fmt::format("Dimensions of each image: {}", shape_text(*pictures.sizes.begin())));
  } else {
    log_.info(fmt::format("There are {} different sizes for images", pictures.sizes.size()));
    log_.info(fmt::format("Different shapes found: [{}, {}]", shape_text(*pictures.sizes.begin()),
                          shape_text(*pictures.sizes.rbegin())));
  }
  if (!pictures.converted.empty()) {
    log_.info(fmt::format("Converted {} to RGB (listed in {})",
                          counted(pictures.converted.size(), "picture", "pictures"),
                          RunFolder("").run_json().string()));
  }
}

void TrainingLog::tell_start(const RunStart& start) {
  const RunRecord& record = start.record;
  const RunSettings& settings = record.settings;
  epochs_ = settings.epochs;
  epoch_ = start.progress.epoch;
  if (record.resumed_after_step) {
    log_.info(fmt::format("Going on after step {} (epoch {}) from {}", *record.resumed_after_step, epoch_,
                          start.resumed_from.string()));
  } else if (!start.init.empty()) {
    log_.info(
        fmt::format("Began with the weights of {}{}", start.init.string(),
                    start.init_has_same_classes ? "" : ", but not of its last layer: it has other classes"));
  }
  if (!start.earlier_checkpoint.empty()) {
    log_.info(
        fmt::format("Kept the last checkpoint of the earlier training as {} until this training has its own",
                    start.earlier_checkpoint.string()));
  }
  if (start.earlier_model) {
    log_.info(
        fmt::format("The model of an earlier training, its {} and its {}/ stay in place until this training "
                    "has a model, after its first epoch; then they are in {}/",
                    RunFolder::labels_name, RunFolder::test_pictures_name, RunFolder("").earlier().string()));
  } else {
    log_.info(fmt::format("Saved {}", RunFolder::labels_name));
    log_.info(fmt::format("Saved {} to {}/", counted(record.test_pictures, "test image", "test images"),
                          RunFolder::test_pictures_name));
  }
  if (start.leftover_pictures > 0) {
    log_.warning(
        fmt::format("{}/ still holds {} of an earlier run, from {} on; bart predict also reads those",
                    RunFolder::test_pictures_name, counted(start.leftover_pictures, "picture", "pictures"),
                    RunFolder::test_picture_name(record.test_pictures)));
  }
  log_.detail(fmt::format("Training on {}", counted(record.threads, "thread", "threads")));
  log_.info(fmt::format("Training set size: {}", record.train_pictures));
  if (record.validation_pictures > 0) {
    log_.info(fmt::format("Validation set size: {}", record.validation_pictures));
  }
  log_.info(fmt::format("Test set size: {}", record.test_pictures));
  log_.info(fmt::format("Training in {}{}", settings.precision, settings.exact ? ", exact" : ""));
  log_.info("Starting training...");
}

// The first lines have the digits of the original's log.
void TrainingLog::tell_epoch(const EpochRecord& epoch) {
  progress_.clear();
  epoch_ = epoch.epoch + 1;
  const std::string training = fmt::format("Epoch [{}/{}], Loss: {:.3f}, Train Acc: {:.3f}%", epoch.epoch,
                                           epochs_, epoch.loss, epoch.train_accuracy);
  if (std::isnan(epoch.validation_loss)) {  // there were no pictures to validate on
    log_.info(training);
    return;
  }
  log_.info(fmt::format("{}, Val Acc: {:.3f}%", training, epoch.validation_accuracy));
  log_.info(fmt::format("Val Macro F1: {:.3f}", epoch.validation_macro_f1));
  const auto text = [&](const char* name) {
    const EpochFigure& figure = epoch_figure(name);
    return figure_text(figure, epoch.*figure.value);
  };
  log_.detail(fmt::format("Val Loss: {}, {} of training, {} of validation", text("validation_loss"),
                          text("train_seconds"), text("validation_seconds")));
}

/// Says which epoch was chosen, and what its figure is worth.
void TrainingLog::tell_best(const RunResult& result) {
  const RunSettings& settings = result.record.settings;
  if (result.best_epoch == 0 || (settings.best.empty() && settings.patience == 0)) return;
  const EpochRecord& epoch = result.record.epochs[static_cast<std::size_t>(result.best_epoch) - 1];
  log_.info(fmt::format("The best epoch by Val {} is {}: Val Acc: {:.3f}%, Val Macro F1: {:.3f}{}",
                        settings.best == "macro-f1" ? "Macro F1" : "Acc", epoch.epoch,
                        epoch.validation_accuracy, epoch.validation_macro_f1,
                        settings.best.empty() ? "" : fmt::format(" ({})", RunFolder::best_model_name)));
  if (result.out_of_patience) {
    const std::size_t epochs = result.record.epochs.size();
    log_.info(fmt::format(
        "Stopped after epoch {}: the last {} no better", epochs,
        counted(epochs - static_cast<std::size_t>(result.best_epoch), "epoch was", "epochs were")));
  }
  if (result.record.validation_pictures == 0) {
    log_.info(
        "The epoch was chosen on the test pictures themselves, so its figures are too good: "
        "--validation-size keeps other pictures for choosing");
  }
}

void TrainingLog::tell_model(const fs::path& model) {
  if (skipped_ > 0) {
    log_.warning(fmt::format("Skipped {} of {} files that could not be read as pictures", skipped_, files_));
  }
  const fs::path out = model.parent_path();
  log_.info(lies_in(out, ".") && lies_in(".", out)
                ? fmt::format("{} SAVED AT CURRENT WORKING DIRECTORY", RunFolder::model_name)
                : fmt::format("{} SAVED AT {}", RunFolder::model_name, out.string()));
}

int TrainingLog::end(const RunResult& result) {
  progress_.clear();
  if (result.record.status != "interrupted") return 0;
  log_.warning(fmt::format("Stopped by {} after step {}: saved {}; to go on: {}",
                           signals_ ? signals_->name() : "nothing", result.record.steps,
                           result.checkpoint.string(), resume_command(result.folder.results())));
  return 128 + signal();
}

}  // namespace bart
