#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "bart/cluster/join.h"
#include "bart/dataset/content.h"
#include "bart/dataset/listing.h"
#include "bart/model/evaluation_text.h"
#include "bart/model/find_model.h"
#include "bart/platform/error.h"
#include "bart/record/picture_hashes.h"
#include "bart/record/run_record.h"
#include "bart/record/run_settings.h"
#include "bart/record/test_pictures.h"
#include "bart/run/settle.h"
#include "cache_text.h"
#include "commands.h"
#include "known_pictures.h"
#include "listing_text.h"
#include "log.h"
#include "model_flags.h"
#include "output_checks.h"
#include "outputs.h"
#include "progress.h"
#include "timeout_flag.h"

namespace bart {
namespace {

namespace fs = std::filesystem;

struct EvaluateFlags : ModelFlags {
  fs::path folder;    // empty: the test pictures of the model's own training
  std::string split;  // part of the training's split; empty: all of the folder
  int batch_size = 32;
  bool ignore_exif = false;
  bool strict = false;
  bool json = false;
  fs::path csv;
  fs::path confusion;
  fs::path predictions;
  fs::path cache;
  int timeout = 300;
};

std::array<Output, 3> outputs_of(const EvaluateFlags& flags) {
  return {{{"--csv", flags.csv}, {"--confusion", flags.confusion}, {"--predictions", flags.predictions}}};
}

/// Checks what can be known before a picture is read.
void check_flags(const EvaluateFlags& flags) {
  check({.batch_size = flags.batch_size}, {"bs"});
  const auto outputs = outputs_of(flags);
  check_ending(outputs[0], "CSV", {".csv"});
  check_ending(outputs[1], "CSV", {".csv"});
  if (const std::string ending = ending_of(flags.predictions);
      !ending.empty() && ending != ".csv" && ending != ".json") {
    throw UsageError(fmt::format("--predictions {} must end in .csv or .json", flags.predictions.string()));
  }
  check_outputs({outputs[0], outputs[1], outputs[2]});
}

int evaluate_command(const EvaluateFlags& flags, Group* group) {
  const bool writes = is_first(group);
  if (writes) check_flags(flags);
  Progress progress;
  Log log("Batlogger (Evaluate)", progress);
  const FoundModel found = find_model(flags.model);
  const Model model(read_named_model(found, flags, log), model_options(flags, log, group, flags.batch_size));
  const bool own_test = flags.folder.empty() && (flags.split.empty() || flags.split == "test");
  const Part part = own_test ? Part::test : part_named(flags.split);
  if (part != Part::none) check_training_of(found);
  EvaluateOptions options{
      .batch_size = static_cast<std::size_t>(flags.batch_size),
      .apply_exif_orientation = !flags.ignore_exif,
      .strict = flags.strict,
      .cache = flags.cache,
      .reading = [&](std::size_t done, std::size_t total) { progress.show("Reading pictures", done, total); },
      .evaluating = [&](std::size_t done, std::size_t total) { progress.show("Evaluating", done, total); },
      .group = group};
  Listing listing;
  if (own_test) {
    RecordedTest test = recorded_test(found.run);
    if (test.unfinished) {
      const bool known = is_known_to_be_of_its_training(found);
      log.warning(fmt::format("The training in {} has not ended: {}", found.run.record().string(),
                              known ? "these are the figures of its model so far"
                                    : "a model of an earlier one may have been trained on these pictures"));
    }
    options.strict = true;  // the training could read them
    options.apply_exif_orientation = options.apply_exif_orientation && test.apply_exif_orientation;
    listing = std::move(test.pictures);
  } else {
    listing = list_data(flags.folder.empty() ? read_run_record(found.run).data_folder : flags.folder, 1);
    log_listing(log, listing);
    if (part != Part::none) options.only = hashes_of_part(found.run, part);
    options.only_part = part;
  }
  check_replaces_no_input(outputs_of(flags), paths_of(found, flags.labels));
  check_replaces_no_input(outputs_of(flags), paths_of(listing));
  check_cache(flags.cache, {listing.folder});
  // The files that the JSON names are relative to the folder.
  const std::string where = flags.json ? listing.folder.string() : source_of(listing);
  const EvaluationReport report{
      found.file.string(), where, part == Part::test, model.classes(), model.evaluate(listing, options),
      flags.tta == "flip"};
  if (!writes) return 0;
  progress.clear();
  const LoadedPictures& pictures = report.result.pictures;
  if (own_test) check_unchanged(found.run, listing.folder, pictures);
  log_cache(log, pictures, flags.cache);
  log_skipped(log, pictures);
  log_clipped_gray(log, report.result.clipped_gray);
  warn_of_known_pictures(log, report.result, found, part);
  if (report.result.evaluated.size() < options.only.size()) {
    log.warning(fmt::format("Found {} of the {} {} pictures of the training", report.result.evaluated.size(),
                            options.only.size(), flags.split));
  }
  // The figures come first, so that they are shown even if a file cannot be written.
  const bool stdout_is_taken = flags.csv == "-" || flags.confusion == "-" || flags.predictions == "-";
  if (!stdout_is_taken) write_output("-", flags.json ? evaluation_json(report) : evaluation_text(report));
  write_output(flags.csv, class_csv(report));
  write_output(flags.confusion, confusion_csv(report));
  write_output(flags.predictions,
               ending_of(flags.predictions) == ".json" ? predictions_json(report) : predictions_csv(report));
  return 0;
}

}  // namespace

void add_evaluate_command(CLI::App& program, Run& run) {
  auto flags = std::make_shared<EvaluateFlags>();
  CLI::App* command =
      program.add_subcommand("evaluate", "Measure a trained model on pictures whose classes are known");
  command->add_option(
      "folder", flags->folder,
      "One sub-folder per class, or a CSV of files and labels (default: the test pictures of the "
      "model's own training)");
  add_model_flags(*command, *flags);
  command
      ->add_option("--split", flags->split,
                   "Evaluate only those pictures of the folder that were in this part of the training, "
                   "recognized by their content")
      ->check(CLI::IsMember({"train", "validation", "test"}));
  command->add_flag("--json", flags->json, "Print everything as JSON instead of tables");
  command->add_option(
      "--csv", flags->csv,
      "Also write the table of classes to this file; - writes it to stdout instead of the report");
  command->add_option("--confusion", flags->confusion, "Also write the confusion matrix to this file (CSV)");
  command->add_option("--predictions", flags->predictions,
                      "Also write a row per picture to this file (.csv or .json): its class, the predicted "
                      "class and the probability of that one");
  command->add_option("--cache", flags->cache, run_setting("cache").help);
  command->add_option("--bs,--batch-size,--batch", flags->batch_size, "Batch size")->capture_default_str();
  add_prediction_flags(*command, *flags);
  command->add_flag("--strict", flags->strict,
                    "Stop at the first file that cannot be read as a picture, instead of skipping it");
  command->add_flag("--ignore-exif", flags->ignore_exif,
                    "Take pictures as they are stored, without the rotation that EXIF asks for");
  add_timeout_flag(*command, flags->timeout);
  command->footer(
      "Precision, recall and F1 are defined as in scikit-learn (0 instead of a division by 0). ECE is the "
      "expected\ncalibration error in 15 bins (Guo et al. 2017). The folder need not have pictures of all "
      "classes of the model.\nThe bart-run/ beside the model names the test pictures of its training.\n\n"
      "Examples:\n"
      "  bart evaluate                              the model here, on the test pictures of its training\n"
      "  bart evaluate holdout --model run1/BART-10M.pth --labels run1/label_encoder.joblib\n"
      "  bart evaluate --json | jq .macro.f1        a single figure\n"
      "  bart evaluate --predictions mistakes.csv   the answer for each picture");
  command->callback([flags, &run] {
    run = [flags] {
      const bool shared = flags->cache.empty();  // two processes would not add to a cache at once
      return run_shared(shared, *flags, evaluate_command);
    };
  });
}

}  // namespace bart
