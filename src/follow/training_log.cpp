#include "training_log.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <string>
#include <utility>

#include "arguments.h"
#include "bart/platform/counted.h"
#include "bart/platform/lies_in.h"
#include "bart/platform/printable.h"
#include "bart/record/best_by.h"
#include "bart/record/epoch_figures.h"
#include "bart/record/run_folder.h"
#include "cache_text.h"
#include "gpu_text.h"
#include "listing_text.h"
#include "terminal.h"
#include "training_events.h"
#include "training_table.h"
#include "verbosity.h"
#include "wrapped.h"

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
  if (style_ == LogStyle::table) return table_observer();
  if (style_ == LogStyle::json) return json_observer();
  RunObserver observer;
  observer.listed = [this](const Listing& listing) { log_listing(log_, listing); };
  observer.gpu = [this](const std::string& name) { log_gpu(log_, name); };
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

void TrainingLog::info(const std::string& sentence) {
  if (style_ == LogStyle::original) {
    log_.info(sentence);
  } else if (!verbosity().quiet) {
    tell_line(style_ == LogStyle::json ? text_event("message", sentence)
                                       : wrapped(printable_line(sentence), terminal_columns(STDERR_FILENO)));
  }
}

void TrainingLog::warning(const std::string& sentence) {
  if (style_ == LogStyle::json) tell_line(text_event("warning", sentence));
  if (style_ != LogStyle::table) {
    log_.warning(sentence);
  } else {
    const std::string word = "Warning:";
    const std::string text =
        wrapped(fmt::format("{} {}", word, printable_line(sentence)), terminal_columns(STDERR_FILENO));
    tell_line(styled(word, Style::warning, shows_colours(STDERR_FILENO)) + text.substr(word.size()));
  }
}

/// Writes a line of the table above its bar, or an event to stdout.
void TrainingLog::tell_line(const std::string& line) {
  if (style_ == LogStyle::json) {
    // The reason is told at once: it is lost with a later call.
    const bool failed_before = std::ferror(stdout) != 0;
    std::fwrite(line.data(), 1, line.size(), stdout);
    if (std::fflush(stdout) != 0 && !failed_before) {
      log_.warning(
          fmt::format("Events are missing: cannot write to standard output: {}", std::strerror(errno)));
    }
    return;
  }
  progress_.clear();
  bar_.above(line);
}

RunObserver TrainingLog::json_observer() {
  RunObserver observer;
  observer.listed = [this](const Listing& listing) {
    for (const std::string& sentence : listing.warnings) warning(sentence);
  };
  observer.read = [this](const LoadedPictures& pictures, const RunSettings&) { tell_skipped(pictures); };
  observer.start = [this](const RunStart& start) {
    tell_line(start_event(start));
    signals_.emplace();
  };
  observer.step = [this](const StepRecord& step, std::size_t done, std::size_t total) {
    tell_line(step_event(step, done, total));
    return signal() == 0;
  };
  observer.validating = [this](std::size_t, std::size_t) { return signal() == 0; };
  observer.epoch = [this](const EpochRecord& epoch) {
    tell_line(epoch_event(epoch));
    return true;
  };
  observer.tested = [this](const TestRecord& test) { tell_line(tested_event(test)); };
  observer.saved = [this](Saved what, const fs::path& path) { tell_line(saved_event(what, path)); };
  observer.warning = [this](const std::string& sentence) { warning(sentence); };
  return observer;
}

RunObserver TrainingLog::table_observer() {
  RunObserver observer;
  observer.listed = [this](const Listing& listing) {
    for (const std::string& sentence : listing.warnings) warning(sentence);
    if (!listing.passed_over.empty()) info(passed_over_sentence(listing.passed_over));
  };
  observer.reading = [this](std::size_t done, std::size_t total) {
    progress_.show("Reading pictures", done, total);
  };
  observer.read = [this](const LoadedPictures& pictures, const RunSettings&) {
    progress_.clear();
    tell_skipped(pictures);
    if (!pictures.cache_trouble.empty()) warning(pictures.cache_trouble);
  };
  observer.start = [this](const RunStart& start) {
    tell_header(start);
    signals_.emplace();
  };
  observer.step = [this](const StepRecord& step, std::size_t done, std::size_t total) {
    bar_.trained(static_cast<std::size_t>(step.epoch - 1) * total + done,
                 fmt::format("Epoch {}/{}", step.epoch, epochs_), fmt::format("loss {:.3f}", step.loss));
    epoch_ = step.epoch;
    return signal() == 0;
  };
  observer.validating = [this](std::size_t done, std::size_t total) {
    bar_.validated(static_cast<std::size_t>(epoch_ - 1) * total + done,
                   fmt::format("Validating {}/{}", epoch_, epochs_));
    return signal() == 0;
  };
  observer.epoch = [this](const EpochRecord& epoch) {
    tell_row(epoch);
    return true;
  };
  observer.trained = [this](const RunResult& result) {
    bar_.clear();
    if (result.best_epoch == 0 || verbosity().quiet) return;
    const EpochRecord& best = result.record.epochs[static_cast<std::size_t>(result.best_epoch) - 1];
    if (std::isnan(best.validation_accuracy)) return;
    info(fmt::format(
        "Best epoch: {}, {:.1f} % correct, macro F1 {:.3f}{}{}", best.epoch, best.validation_accuracy,
        best.validation_macro_f1, result.record.validation_pictures > 0 ? "" : " (on the test pictures)",
        result.out_of_patience ? "; no epoch after it was better, so the training ended early" : ""));
  };
  observer.testing = [this](std::size_t done, std::size_t total) { progress_.show("Testing", done, total); };
  observer.tested = [this](const TestRecord& test) {
    info(fmt::format("{} on the test pictures: {:.1f} % correct, macro F1 {:.3f}", test.model,
                     test.accuracy_percent, test.macro_f1));
  };
  observer.reporting = [this](std::size_t done, std::size_t total) {
    progress_.show("Making the report", done, total);
  };
  observer.saved = [this](Saved what, const fs::path& path) {
    if (what == Saved::model || what == Saved::report) info(fmt::format("Saved {}", path.string()));
  };
  observer.warning = [this](const std::string& sentence) { warning(sentence); };
  return observer;
}

void TrainingLog::tell_header(const RunStart& start) {
  const RunRecord& record = start.record;
  const RunSettings& settings = record.settings;
  epochs_ = settings.epochs;
  epoch_ = start.progress.epoch;
  rows_ = start.progress.epochs;
  best_by_ = best_by(settings);
  const std::size_t columns = terminal_columns(STDERR_FILENO);
  if (!verbosity().quiet) tell_line(training_header(record, columns));
  if (record.resumed_after_step) {
    info(fmt::format("Continuing after step {} from {}", *record.resumed_after_step,
                     start.resumed_from.string()));
  }
  if (!start.init.empty()) info(fmt::format("Starting with the weights of {}", start.init.string()));
  if (start.earlier_model && start.earlier_record) {
    info("What an earlier training left in this folder is kept, in bart-run/earlier/ once there is a model");
  }
  tell_no_report(record);
  if (!verbosity().quiet) {
    tell_line("");
    tell_line(styled(table_head(columns), Style::bold, shows_colours(STDERR_FILENO)));
  }
  const std::size_t held_out =
      record.validation_pictures > 0 ? record.validation_pictures : record.test_pictures;
  const auto epochs = static_cast<std::size_t>(std::max(settings.epochs, 0));
  TrainingWork all{.train = epochs * record.train_pictures, .validation = epochs * held_out};
  if (settings.max_steps > 0) {
    const auto most =
        static_cast<std::size_t>(settings.max_steps) * static_cast<std::size_t>(settings.batch_size);
    all.train = std::min(all.train, most);
    all.validation = all.train / record.train_pictures * held_out;
  }
  const auto before = static_cast<std::size_t>(epoch_ - 1);
  bar_.begin(all, {.train = before * record.train_pictures + static_cast<std::size_t>(start.progress.done),
                   .validation = before * held_out});
}

void TrainingLog::tell_no_report(const RunRecord& record) {
  if (record.validation_pictures > 0 || record.test_pictures > 0 || record.settings.no_report) return;
  info("There is no report, which is made of pictures to validate or test on: none were kept");
}

void TrainingLog::tell_row(const EpochRecord& epoch) {
  rows_.push_back(epoch);
  if (verbosity().quiet) return;
  const bool best = best_epoch(rows_, best_by_) == epoch.epoch;
  const std::string row = table_row(epoch, epochs_, best, terminal_columns(STDERR_FILENO));
  tell_line(styled(row, best ? Style::good : Style::plain, shows_colours(STDERR_FILENO)));
}

void TrainingLog::tell_skipped(const LoadedPictures& pictures) {
  for (const SkippedPicture& skipped : pictures.skipped) {
    warning(fmt::format("Skipped {}: {}", skipped.file, skipped.reason));
  }
}

void TrainingLog::tell_data(const LoadedPictures& pictures, const RunSettings& settings) {
  progress_.clear();
  skipped_ = pictures.skipped.size();
  files_ = pictures.skipped.size() + pictures.size();
  log_cache(log_, pictures, settings.cache);
  tell_skipped(pictures);
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
    log_.info(fmt::format("Continuing after step {} (epoch {}) from {}", *record.resumed_after_step, epoch_,
                          start.resumed_from.string()));
  } else if (!start.init.empty()) {
    log_.info(fmt::format("Started with the weights of {}", start.init.string()));
  }
  if (!start.earlier_checkpoint.empty()) {
    log_.info(
        fmt::format("Kept the last checkpoint of the earlier training as {} until this training has its own",
                    start.earlier_checkpoint.string()));
  }
  if (start.earlier_model && !start.earlier_record) {
    log_.info(
        "The model that is in the folder stays in place until this training has one, after its first epoch");
  } else if (start.earlier_model) {
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
  const std::string workers = fmt::format("Training on {}", workers_text(record));
  if (record.hosts.empty()) {
    log_.detail(workers);
  } else {
    log_.info(workers);
  }
  log_.info(fmt::format("Training set size: {}", record.train_pictures));
  if (record.validation_pictures > 0) {
    log_.info(fmt::format("Validation set size: {}", record.validation_pictures));
  }
  log_.info(fmt::format("Test set size: {}", record.test_pictures));
  tell_no_report(record);
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
  bar_.clear();
  if (style_ == LogStyle::json) tell_line(end_event(result));
  if (result.record.status != "interrupted") return 0;
  // A signal that another process of a shared training has received is not known here.
  warning(fmt::format("Stopped by {} after step {}: saved {}; to continue: {}",
                      signal() != 0 ? signals_->name() : "a signal to another process", result.record.steps,
                      result.checkpoint.string(), resume_command(result.folder.results())));
  return 128 + (signal() != 0 ? signal() : SIGTERM);
}

}  // namespace bart
