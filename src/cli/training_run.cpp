#include "training_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "arguments.h"
#include "bart/checkpoint/checkpoint_folder.h"
#include "bart/formats/pth.h"
#include "bart/platform/error.h"
#include "bart/platform/files.h"
#include "bart/report/history.h"
#include "bart/training/predictions.h"
#include "report_command.h"
#include "stop_signals.h"
#include "version.h"

namespace bart {
namespace {

namespace fs = std::filesystem;

/// The command that goes on with the training in `out`.
std::string resume_command(const fs::path& out) {
  const std::string folder = out.string();
  const char* const arguments[] = {"bart", "train", "--resume", "--out", folder.c_str()};
  return quoted_command(out == "." ? 3 : 5, arguments);
}

void log_skipped(Log& log, const LoadedPictures& pictures) {
  if (pictures.skipped.empty()) return;
  log.warning(fmt::format("Skipped {} of {} files that could not be read as pictures",
                          pictures.skipped.size(), pictures.skipped.size() + pictures.size()));
}

/// Which epoch was chosen, and what its figure is worth.
void report_best(Log& log, const TrainFlags& flags, int best, const TrainingProgress& progress,
                 const Split& split) {
  const EpochRecord& epoch = progress.epochs[static_cast<std::size_t>(best) - 1];
  log.info(fmt::format("The best epoch by Val {} is {}: Val Acc: {:.3f}%, Val Macro F1: {:.3f}{}",
                       flags.best == "macro-f1" ? "Macro F1" : "Acc", best, epoch.validation_accuracy,
                       epoch.validation_macro_f1, flags.best.empty() ? "" : " (BART-10M.best.pth)"));
  const int since = static_cast<int>(progress.epochs.size()) - best;
  if (flags.patience > 0 && since >= flags.patience) {
    log.info(fmt::format("Stopped after epoch {}: {} epochs in a row were no better", progress.epochs.size(),
                         since));
  }
  if (split.validation.empty()) {
    log.info(
        "It was chosen on the test pictures themselves, so these figures flatter it: --validation-size keeps "
        "others apart for choosing");
  }
}

/// The figures on the test pictures, which nothing was chosen on.
void report_tests(Training& training, PreparedTraining& prepared, const fs::path& best_file, Log& log,
                  Progress& progress) {
  const TrainOptions& options = prepared.flags.options;
  const std::vector<std::uint32_t>& pictures = prepared.split.test;
  const auto show = [&](std::size_t done, std::size_t total) { progress.show("Testing", done, total); };
  const auto report = [&](const Evaluation& evaluation, const std::string& model) {
    progress.clear();
    const ClassificationReport& figures = evaluation.report;
    prepared.record.tests.push_back({model, figures.accuracy, figures.macro.f1, evaluation.loss});
    log.info(fmt::format("{}: Test Acc: {:.3f}%, Test Macro F1: {:.3f}", model, 100 * figures.accuracy,
                         figures.macro.f1));
  };
  report(training.evaluate_on(pictures, show), "BART-10M.pth");
  if (prepared.flags.best.empty() || training.progress().epochs.empty()) return;
  Engine best(prepared.architecture, {.threads = options.threads});
  best.load(decode_pth(read_file(best_file)));
  report(evaluate(predictions_of(best, prepared.pictures, pictures, options.batch_size, show)),
         best_file.filename().string());
}

}  // namespace

/// Whether `path` is `folder` or lies below it.
bool lies_in(const fs::path& path, const fs::path& folder) {
  const fs::path inner = fs::weakly_canonical(path);
  const fs::path outer = fs::weakly_canonical(folder);
  return std::mismatch(outer.begin(), outer.end(), inner.begin(), inner.end()).first == outer.end();
}

int run_training(PreparedTraining prepared, Log& log, Progress& progress) {
  const TrainFlags& flags = prepared.flags;
  const TrainOptions& options = flags.options;
  const fs::path run_folder = flags.out / "bart-run";
  fs::path checkpoint = prepared.checkpoint;  // the last one
  const Split& split = prepared.split;
  const BestBy best_by = flags.best == "macro-f1" ? BestBy::macro_f1 : BestBy::accuracy;
  const fs::path model_file = flags.out / "BART-10M.pth";
  const fs::path best_file = flags.out / "BART-10M.best.pth";
  Training training(prepared.pictures, split, prepared.architecture, options, std::move(prepared.from));

  std::map<std::string, std::string> settings = settings_of(flags);
  settings[started_setting] = prepared.record.started;
  auto last_save = std::chrono::steady_clock::now();
  const auto write_record = [&](const std::string& status) {
    write_steps_csv(run_folder, training.progress().steps);
    write_run_json(run_folder, prepared.record, prepared.pictures, prepared.split, options,
                   training.progress().steps, training.progress().epochs, status);
  };
  const auto save = [&] {
    checkpoint = save_checkpoint(run_folder, {version, settings, prepared.data, training.state()});
    last_save = std::chrono::steady_clock::now();
  };

  const auto out_of_patience = [&] {
    const std::vector<EpochRecord>& epochs = training.progress().epochs;
    return flags.patience > 0 &&
           static_cast<int>(epochs.size()) - best_epoch(epochs, best_by) >= flags.patience;
  };

  const StopSignals signals;
  write_record("running");
  RunHistory history(run_folder, options.learning_rate, split.train.size(),
                     prepared.checkpoint.empty() ? nullptr : &training.progress().epochs);
  TrainEvents events;
  events.step = [&](const StepRecord& step, std::size_t done, std::size_t total) {
    history.step(step);
    progress.show(fmt::format("Epoch {}/{}", step.epoch, options.epochs), done, total,
                  fmt::format("loss {:.3f}", step.loss));
    if (signals.received() != 0) return false;
    if (std::chrono::steady_clock::now() - last_save >=
        std::chrono::duration<double>(60 * flags.checkpoint_minutes)) {
      save();
      write_record("running");
    }
    return true;
  };
  events.validation = [&](std::size_t done, std::size_t total) {
    progress.show(fmt::format("Validating {}/{}", training.progress().epoch, options.epochs), done, total);
    return signals.received() == 0;
  };
  events.epoch = [&](const EpochRecord& epoch) {
    history.epoch(epoch);
    progress.clear();
    log.info(fmt::format("Epoch [{}/{}], Loss: {:.3f}, Train Acc: {:.3f}%, Val Acc: {:.3f}%", epoch.epoch,
                         options.epochs, epoch.loss, epoch.train_accuracy, epoch.validation_accuracy));
    log.info(fmt::format("Val Macro F1: {:.3f}", epoch.validation_macro_f1));
    log.detail(fmt::format("Val Loss: {:.4f}, {:.1f} s of training, {:.1f} s of validation",
                           epoch.validation_loss, epoch.train_seconds, epoch.validation_seconds));
    const int best = best_epoch(training.progress().epochs, best_by);
    if (!flags.best.empty() && best == epoch.epoch) write_file(best_file, encode_pth(training.model()));
    save();
    write_record("running");
    return !out_of_patience();
  };
  try {
    if (!out_of_patience()) training.run(events);
  } catch (const DivergedError& error) {
    throw Error(fmt::format("{}; {}", error.what(),
                            checkpoint.empty() ? "there is no checkpoint yet"
                                               : "the last good checkpoint is " + checkpoint.string()));
  }
  progress.clear();

  const bool finished = training.finished() || out_of_patience();
  const bool interrupted = signals.received() != 0 && !finished;
  if (interrupted) {
    save();
    write_record("interrupted");
    log.warning(fmt::format("Stopped by {} after step {}: saved {}; to go on: {}",
                            signals.received() == SIGINT ? "Ctrl-C" : "SIGTERM",
                            training.progress().steps.size(), checkpoint.string(),
                            resume_command(flags.out)));
    return 128 + signals.received();
  }
  write_file(model_file, encode_pth(training.model()));
  if (const int best = best_epoch(training.progress().epochs, best_by);
      best > 0 && (!flags.best.empty() || flags.patience > 0)) {
    report_best(log, flags, best, training.progress(), split);
  }
  if (!split.validation.empty()) report_tests(training, prepared, best_file, log, progress);
  write_record(finished ? "finished" : "stopped");
  log_skipped(log, prepared.pictures);
  log.info(lies_in(flags.out, ".") && lies_in(".", flags.out)
               ? std::string("BART-10M.pth SAVED AT CURRENT WORKING DIRECTORY")
               : fmt::format("BART-10M.pth SAVED AT {}", flags.out.string()));
  if (!flags.no_report) {
    try {
      write_report(run_folder, training.model(), prepared.pictures, split.test, options.threads, progress,
                   log);
    } catch (const Error& error) {
      throw Error(fmt::format("the model is saved, but there is no report: {}; bart report makes it anew",
                              error.what()));
    }
  }
  return 0;
}

}  // namespace bart
