#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "bart/platform/counted.h"
#include "bart/platform/error.h"
#include "bart/platform/files.h"
#include "bart/platform/make_folders.h"
#include "bart/platform/own_text.h"
#include "bart/tune/tune.h"
#include "bart/tune/tune_text.h"
#include "commands.h"
#include "duration.h"
#include "gpu_text.h"
#include "listing_text.h"
#include "log.h"
#include "outputs.h"
#include "progress.h"
#include "stop_signals.h"
#include "terminal.h"
#include "train_flags.h"

namespace bart {
namespace {

namespace fs = std::filesystem;

struct TuneFlags {
  fs::path folder = "characters_train";
  std::string budget = "2h";
  std::string by = "accuracy";
  int trials = 0;
  TuneOptions options;
  TrainFlags training;  // of which tune has the recipe and the settings that it can keep
};

void take_flags(TuneFlags& flags) {
  const std::optional<double> seconds = seconds_of_text(flags.budget);
  if (!seconds || !(*seconds > 0)) {
    throw UsageError(
        fmt::format("--budget must be a time such as 90s, 30m, 2h or 1h30m, not {}", flags.budget));
  }
  if (flags.trials != 0 && (flags.trials < 2 || flags.trials > static_cast<int>(most_candidates))) {
    throw UsageError(
        fmt::format("--trials must be from 2 to {}, or 0 for as many as the budget allows, not {}",
                    most_candidates, flags.trials));
  }
  TuneOptions& options = flags.options;
  options.budget_seconds = *seconds;
  options.candidates = static_cast<std::size_t>(flags.trials);
  options.by = flags.by == "macro-f1" ? BestBy::macro_f1 : BestBy::accuracy;
  options.recipe = flags.training.recipe;
  options.given = flags.training.settings;
  options.kept = flags.training.given;
}

void print_result(const TuneResult& result) {
  fmt::print("{}", tune_table(result, terminal_columns(STDOUT_FILENO)));
  const auto best = result.best();
  if (!best) {
    fmt::print("\nNo training has finished yet\n");
    return;
  }
  const Trial& trial = result.trials[*best];
  const std::string tested =
      trial.test_accuracy
          ? fmt::format("; {:.2f} % of the test pictures, which played no part", *trial.test_accuracy)
          : "";
  fmt::print("\nThe best (*) classifies {:.2f} % of the validation pictures correctly{}.", trial.accuracy,
             tested);
  const fs::path folder = result.trial_folder(trial);
  std::error_code none;
  const bool there = fs::exists(folder, none);
  fmt::print(" Its model {} in {}{}\n", there ? "is" : "was", folder.string(),
             there ? "" : ", which is gone");
  fmt::print("This trains with the same settings on all pictures that are not for testing:\n\n{}\n",
             best_command(result));
}

int tune_command(TuneFlags& flags) {
  take_flags(flags);
  flags.options.out = without_missing_detours(flags.options.out);
  Progress progress;
  Log log("Batlogger (Tune)", progress);
  // Reading can be cut off at any time; a training is stopped after a step, and goes on from there.
  std::optional<StopSignals> signals;
  std::string heading;
  int signal = 0;
  std::string signal_name;
  const auto note_signal = [&] {
    if (!signals || signals->received() == 0) return;
    signal = signals->received();
    signal_name = signals->name();
  };
  TuneObserver observer;
  observer.begins = [&](const TuneResult& result, const Trial& trial) {
    std::size_t planned = 0;
    for (const Rung& rung : result.rungs) planned += rung.trials;
    heading = planned == 0 ? "First training" : fmt::format("Training {}/{}", result.trials.size(), planned);
    heading += fmt::format(", {}", counted(static_cast<std::uint64_t>(trial.epochs), "epoch", "epochs"));
  };
  const fs::path page = flags.options.out / "tune.html";
  check_keeps(std::array{Output{"--out", page}, Output{"--out", flags.options.out / "tune.json"}});
  observer.listed = [&](const Listing& listing) {
    check_replaces_no_input(std::array{Output{"--out", page}}, paths_of(listing));
    log_listing(log, listing);
  };
  observer.read = [&](const LoadedPictures& pictures, const RunSettings&) { log_skipped(log, pictures); };
  observer.gpu = [&](const std::string& name) { log_gpu(log, name); };
  observer.reading = [&](std::size_t done, std::size_t total) {
    progress.show("Reading pictures", done, total);
  };
  observer.started = [&] { signals.emplace(); };
  observer.training = [&](std::size_t done, std::size_t total) { progress.show(heading, done, total); };
  observer.goes_on = [&] {
    note_signal();
    return signal == 0;
  };
  observer.ended = [&](const TuneResult& result, const Trial& trial) {
    note_signal();
    signals.reset();
    progress.clear();
    if (trial.state != Trial::State::unfinished) log.info(ended_text(result, trial));
  };
  observer.warning = [&](const std::string& sentence) { log.warning(sentence); };
  const TuneResult result = tune(flags.folder, flags.options, observer);
  signals.reset();
  progress.clear();
  if (const std::string kept = keep_text_of_others(page); !kept.empty()) log.info(kept);
  write_file(page, with_fingerprint(tune_page(result)));
  print_result(result);
  log.info(fmt::format("Saved {} and {}", (flags.options.out / "tune.json").string(), page.string()));
  if (result.interrupted) {
    log.warning(fmt::format("Stopped by {}: the same command continues", signal_name));
    return 128 + signal;
  }
  if (result.out_of_time) {
    log.info(
        "The budget ran out before all rounds were done: the same command with a larger --budget continues");
  }
  return 0;
}

}  // namespace

void add_tune_command(CLI::App& program, Run& run) {
  auto flags = std::make_shared<TuneFlags>();
  flags->training.recipe = "tuned";
  CLI::App* command =
      program.add_subcommand("tune", "Search for better settings for a data set within a given time");
  command->add_option("folder", flags->folder, "The data: one sub-folder per class")->capture_default_str();
  command->add_option("--budget", flags->budget, "The time for the whole search: 90s, 30m, 2h or 1h30m")
      ->capture_default_str();
  command
      ->add_option("--recipe", flags->training.recipe,
                   "The settings that the search begins with: original or tuned")
      ->check(CLI::IsMember({"original", "tuned"}))
      ->capture_default_str();
  command->add_option("--epochs", flags->options.epochs, "Epochs of the trainings of the last round")
      ->capture_default_str();
  command->add_option("--trials", flags->trials,
                      "Number of candidates of the first round (default: as many as the budget allows)");
  command
      ->add_option("--by", flags->by,
                   "What a training is judged by: accuracy or macro-f1, of the validation pictures")
      ->check(CLI::IsMember({"accuracy", "macro-f1"}))
      ->capture_default_str();
  command
      ->add_option("--out", flags->options.out,
                   "The folder to write tune.json, tune.html and the trainings into")
      ->capture_default_str();
  for (const char* flag :
       {"lr",         "weight-decay", "augment",   "dropout",     "label-smoothing", "logit-adjustment",
        "image-size", "bs",           "optimizer", "schedule",    "class-weights",   "seed",
        "split-seed", "split",        "test-size", "test-folder", "validation-size", "validation-folder",
        "init",       "cache",        "device",    "threads",     "precision",       "strict",
        "ignore-exif"}) {
    add_setting_flag(*command, flag, flags->training.settings);
  }
  show_defaults(*command, flags->training.recipe, flags->options.epochs);
  command->footer(
      "The search tries the learning rate, the weight decay, the strength of augmentation and dropout, label "
      "smoothing,\nlogit adjustment and the size of the pictures, as far as the recipe has them; a setting "
      "that you give is kept as it\nis. By successive halving all candidates are trained for an eighth of "
      "--epochs, the better half of them for a\nquarter, and so on. They are compared on a fifth of the "
      "pictures that are not for testing (--validation-size).\n\nThe same command continues after Ctrl-C or "
      "a crash. In --out, trials/ keeps the model of the best training and the record\nof every one; cache/ "
      "holds resized pictures and can be removed.\n\n"
      "Examples:\n"
      "  bart tune faces --budget 2h                    two hours, from the tuned recipe\n"
      "  bart tune faces --budget 20m --epochs 8        short trainings\n"
      "  bart tune faces --image-size 64 --trials 16    one size, 16 candidates");
  command->callback([flags, &run, command] {
    run = [flags, command] {
      flags->training.given = given_on_command_line(*command);
      flags->training.given.erase("epochs");
      return tune_command(*flags);
    };
  });
}

}  // namespace bart
