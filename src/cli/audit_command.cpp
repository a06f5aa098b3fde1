#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <array>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <system_error>
#include <vector>

#include "arguments.h"
#include "bart/audit/audit.h"
#include "bart/audit/audit_text.h"
#include "bart/audit/decisions.h"
#include "bart/model/find_model.h"
#include "bart/model/model_file.h"
#include "bart/platform/counted.h"
#include "bart/platform/error.h"
#include "bart/platform/files.h"
#include "bart/platform/make_folders.h"
#include "bart/run/settle.h"
#include "commands.h"
#include "gpu_text.h"
#include "listing_text.h"
#include "log.h"
#include "model_flags.h"
#include "outputs.h"
#include "progress.h"
#include "stop_signals.h"
#include "train_flags.h"

namespace bart {
namespace {

namespace fs = std::filesystem;

struct AuditFlags {
  fs::path folder = "characters_train";
  fs::path out = "bart-audit";
  std::string rank = "self-confidence";
  TrainFlags training;  // of which audit has the recipe and some settings
  AuditOptions options;
};

int audit_command(AuditFlags& flags) {
  if (flags.options.folds < 2)
    throw UsageError(fmt::format("--folds must be at least 2, not {}", flags.options.folds));
  if (!flags.options.model.empty() && !flags.options.probabilities.empty()) {
    throw UsageError("--model and --probabilities both give probabilities: use only one of them");
  }
  if (!flags.options.labels.empty() && flags.options.model.empty())
    throw UsageError("--labels are those of a model: name it with --model");
  flags.out = without_missing_detours(flags.out);
  check_out(flags.out, {flags.folder});
  check_can_write_into({"--out", flags.out});
  const RunSettings settings = recipe_settings(flags.training.recipe, flags.training.settings.epochs,
                                               flags.training.settings, flags.training.given);
  if (flags.rank == "margin") flags.options.ranking = IssueRanking::normalized_margin;
  Progress progress;
  Log log("Batlogger (Audit)", progress);
  std::vector<Output> outputs;
  for (const char* name : {"probabilities.csv", "audit.csv", "audit.json", "audit.html"})
    outputs.push_back({"--out", flags.out / name});
  check_keeps(outputs);
  if (!flags.options.model.empty())
    check_replaces_no_input(outputs, paths_of(find_model(flags.options.model), flags.options.labels));
  // probabilities.csv itself may be read: it is then not written.
  check_replaces_no_input(std::span(outputs).subspan(1), std::array{flags.options.probabilities});
  const auto shown = [&](const char* heading) {
    return [&progress, heading](std::size_t done, std::size_t total) { progress.show(heading, done, total); };
  };
  if (flags.options.model.empty() && flags.options.probabilities.empty())
    flags.options.kept = flags.out / "folds";
  std::optional<StopSignals> signals;  // from the first step
  std::string left = "no training was finished, so nothing is kept";
  const auto trained = [&](std::size_t done, std::size_t total) {
    if (!signals) signals.emplace();
    signals->check(left);
    progress.show("Training", done, total);
  };
  const auto finished = [&](std::size_t done, std::size_t total) {
    left = fmt::format("{} of {} trainings are finished; the same command continues", done, total);
    log.info(fmt::format("{} of {} trainings are finished", done, total));
  };
  const Audit audit =
      audit_pictures(flags.folder, settings, flags.options,
                     {.listed =
                          [&](const Listing& listing) {
                            check_replaces_no_input(outputs, paths_of(listing));
                            log_listing(log, listing);
                          },
                      .gpu = [&](const std::string& name) { log_gpu(log, name); },
                      .inspecting = shown("Inspecting pictures"),
                      .reading = shown("Reading pictures"),
                      .training = trained,
                      .predicting = shown("Predicting"),
                      .fold = finished,
                      .warning = [&](const std::string& sentence) { log.warning(sentence); }});
  signals.reset();
  make_folders(flags.out);
  std::vector<std::string> saved;
  const auto save = [&](const char* name, const std::string& text) {
    EarlierOutput earlier(flags.out / name, EarlierOutput::Replaced::as_a_whole);
    write_file(flags.out / name, text);
    saved.emplace_back(name);
    if (const std::string kept = earlier.keep(); !kept.empty()) log.info(kept);
  };
  // First what took the time. A file that was read holds more than the pictures that are there now.
  std::error_code none;
  if (!fs::equivalent(flags.options.probabilities, flags.out / "probabilities.csv", none))
    save("probabilities.csv", probabilities_csv(audit));
  save("audit.csv", audit_csv(audit));
  save("audit.json", audit_json(audit));
  save("audit.html", audit_page(audit, shown("Making thumbnails")));
  remove_kept_folds(flags.options.kept);
  progress.clear();
  fmt::print("{}", audit_text(audit));
  log.info(fmt::format("Saved {} in {}", fmt::join(saved, ", "), flags.out.string()));
  return 0;
}

struct ApplyFlags {
  fs::path decisions, folder;
  bool undo = false;
};

int apply_command(const ApplyFlags& flags) {
  const Applied done = flags.undo ? undo_decisions(flags.decisions, flags.folder)
                                  : apply_decisions(flags.decisions, flags.folder);
  const std::string what = fmt::format("{} moved to another class, {} removed, {} kept",
                                       counted(done.moved, "picture", "pictures"), done.removed, done.kept);
  if (done.already) {
    fmt::print("Nothing to do: this was already {} ({})\n", flags.undo ? "undone" : "applied", what);
  } else if (flags.undo) {
    fmt::print("Undone in {}: {}\n", done.folder.string(), what);
  } else {
    fmt::print("{}: {}\n", done.folder.string(), what);
    if (done.removed > 0) fmt::print("The removed pictures are in {}\n", done.removed_to.string());
    if (done.moved + done.removed > 0) {
      std::vector<const char*> undo = {"bart", "apply", flags.decisions.c_str(), "--undo"};
      if (!flags.folder.empty()) undo.insert(undo.end(), {"--folder", flags.folder.c_str()});
      fmt::print("{} reverses it\n", quoted_command(static_cast<int>(undo.size()), undo.data()));
    }
  }
  return 0;
}

}  // namespace

void add_audit_command(CLI::App& program, Run& run) {
  auto flags = std::make_shared<AuditFlags>();
  flags->training.recipe = "tuned";
  flags->training.settings.epochs = 20;
  CLI::App* command = program.add_subcommand(
      "audit", "Find pictures that are probably mislabelled, duplicated, blurred, dark or tiny");
  command->add_option("folder", flags->folder, "The data: one sub-folder per class")->capture_default_str();
  command
      ->add_option("--out", flags->out,
                   "The folder to write audit.html, audit.csv, audit.json and probabilities.csv into")
      ->capture_default_str();
  command
      ->add_option(
          "--folds", flags->options.folds,
          "Number of trainings, each of which leaves out a share of the pictures and then predicts them")
      ->capture_default_str();
  command->add_option(
      "--model", flags->options.model,
      "Train nothing: use this model (the folder of a training) for the pictures that it was not trained on");
  add_labels_flag(*command, flags->options.labels);
  command->add_option("--probabilities", flags->options.probabilities,
                      "Train nothing: use the probabilities of an earlier audit, probabilities.csv");
  command
      ->add_option("--rank", flags->rank,
                   "The order of doubtful labels: self-confidence (the probability of the label), or margin "
                   "(its distance from the most probable other class)")
      ->check(CLI::IsMember({"self-confidence", "margin"}))
      ->capture_default_str();
  command
      ->add_option("--recipe", flags->training.recipe,
                   "The settings of the trainings for which no flag is given, as for bart train")
      ->check(CLI::IsMember({"original", "tuned"}))
      ->capture_default_str();
  for (const char* flag : {"epochs", "bs", "lr", "seed", "image-size", "class-weights", "augment", "cache",
                           "device", "threads", "precision", "ignore-exif"}) {
    add_setting_flag(*command, flag, flags->training.settings);
  }
  show_defaults(*command, flags->training.recipe, flags->training.settings.epochs);
  command->footer(
      "The labels are judged by confident learning (Northcutt et al. 2021), as cleanlab does it. audit.html\n"
      "is a page to go through the findings with keys; it saves a file of decisions, which bart apply\n"
      "carries out. The data folder is only read. After Ctrl-C the same command continues with the\n"
      "trainings that are not finished.\n\n"
      "Examples:\n"
      "  bart audit faces                             five trainings of 20 epochs\n"
      "  bart audit faces --folds 3 --image-size 64   a quicker look\n"
      "  bart audit faces --epochs 50 --bs 16         a small data set, whose trainings need more steps\n"
      "  bart audit faces --model run1                the pictures that run1 was not trained on\n"
      "  bart apply decisions.json                    what you decided on the page");
  command->callback([flags, &run, command] {
    run = [flags, command] {
      flags->training.given = given_on_command_line(*command);
      try {
        return audit_command(*flags);
      } catch (const NoClassNames& error) {
        throw Error(fmt::format("{} (--labels)", error.what()));
      }
    };
  });
}

void add_apply_command(CLI::App& program, Run& run) {
  auto flags = std::make_shared<ApplyFlags>();
  CLI::App* command = program.add_subcommand(
      "apply", "Carry out the decisions of an audit: move pictures to other classes, or aside");
  command->add_option("decisions", flags->decisions, "The file that the page of bart audit saved")
      ->required();
  command->add_option("--folder", flags->folder,
                      "The data folder, if it is no longer where the audit found it");
  command->add_flag("--undo", flags->undo, "Move everything back to where it was");
  command->footer(
      "Nothing is deleted and no file is replaced. Removed pictures go into FOLDER-removed beside the data "
      "folder, which also\nholds a journal: after a crash the same command continues.\n\n"
      "Examples:\n"
      "  bart apply decisions.json\n"
      "  bart apply decisions.json --undo");
  command->callback([flags, &run] { run = [flags] { return apply_command(*flags); }; });
}

}  // namespace bart
