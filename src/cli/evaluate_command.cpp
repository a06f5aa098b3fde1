#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "bart/dataset/listing.h"
#include "bart/dataset/load.h"
#include "bart/engine/engine.h"
#include "bart/model/model_file.h"
#include "bart/network/state_dict.h"
#include "bart/platform/error.h"
#include "bart/platform/files.h"
#include "bart/platform/threads.h"
#include "bart/record/run_record.h"
#include "bart/record/run_settings.h"
#include "bart/record/test_pictures.h"
#include "bart/run/settle.h"
#include "bart/training/metrics.h"
#include "bart/training/predictions.h"
#include "cache_text.h"
#include "commands.h"
#include "evaluation_text.h"
#include "log.h"
#include "precision.h"
#include "progress.h"

namespace bart {
namespace {

namespace fs = std::filesystem;

struct EvaluateFlags {
  fs::path folder;  // empty: the test pictures of the model's own training
  fs::path model = "BART-10M.pth";
  fs::path labels = "label_encoder.joblib";
  int batch_size = 32;
  int threads = 0;
  std::string precision = "f32";
  bool ignore_exif = false;
  bool strict = false;
  bool json = false;
  fs::path csv;
  fs::path confusion;
  fs::path cache;
};

void check_flags(const EvaluateFlags& flags) {
  if (flags.batch_size < 1)
    throw UsageError(fmt::format("--bs must be at least 1, not {}", flags.batch_size));
  if (flags.threads < 0) throw UsageError(fmt::format("--threads must be at least 1, not {}", flags.threads));
}

/// The first names of many, for a sentence.
std::string some_of(const std::vector<std::string>& names) {
  const std::size_t shown = std::min<std::size_t>(names.size(), 5);
  const auto end = names.begin() + static_cast<std::ptrdiff_t>(shown);
  return fmt::format("{}{}", fmt::join(names.begin(), end, ", "),
                     names.size() > shown ? fmt::format(" and {} more", names.size() - shown) : "");
}

/// Where the listing's classes stand among the model's.
std::vector<std::int32_t> model_labels(const Listing& listing, const std::vector<std::string>& classes,
                                       const fs::path& model) {
  std::vector<std::int32_t> labels;
  std::vector<std::string> unknown;
  for (const std::string& name : listing.classes) {
    const auto found = std::ranges::find(classes, name);
    labels.push_back(static_cast<std::int32_t>(found - classes.begin()));
    if (found == classes.end()) unknown.push_back(name);
  }
  if (!unknown.empty()) {
    throw Error(fmt::format("{} has folders that are no classes of {}: {}; rename or move them (it knows {})",
                            listing.folder.string(), model.string(), some_of(unknown), some_of(classes)));
  }
  return labels;
}

/// Whether the folder is the one that the model was trained on, as far as there is a record.
bool holds_training_pictures(const fs::path& folder, const RunFolder& run_folder) {
  try {
    return fs::equivalent(folder, read_run_record(run_folder).data_folder);
  } catch (const Error&) {                 // no record
  } catch (const fs::filesystem_error&) {  // one of a folder that is gone
  }
  return false;
}

int evaluate_command(const EvaluateFlags& flags) {
  check_flags(flags);
  const int threads = flags.threads > 0 ? flags.threads : available_threads();
  const Precision precision = precision_named(flags.precision);
  Progress progress;
  Log log("Batlogger (Evaluate)", progress);

  const ModelFile model = read_model_file(flags.model, flags.labels);
  const Architecture architecture = architecture_of(model.state);
  const RunFolder run_folder(flags.model.parent_path());
  const bool own_test = flags.folder.empty();
  LoadOptions options{.image_size = architecture.image_size,
                      .threads = threads,
                      .apply_exif_orientation = !flags.ignore_exif,
                      .strict = flags.strict,
                      .cache = flags.cache};
  Listing listing;
  if (own_test) {
    if (!fs::exists(run_folder.run_json())) {
      throw Error(fmt::format(
          "there is no {}, which tells what the model was tested on: name a folder (bart evaluate "
          "FOLDER), or run where bart train wrote its results",
          run_folder.run_json().string()));
    }
    const RunRecord record = read_run_record(run_folder);
    listing = recorded_test_pictures(run_folder, record.data_folder);
    if (record.unfinished()) {
      log.warning(
          fmt::format("The training in {} has not ended: a model of an earlier one may have been trained "
                      "on these pictures",
                      run_folder.record().string()));
    }
    options.strict = true;  // they could be read for the training
    if (record.settings.ignore_exif) options.apply_exif_orientation = false;
  } else {
    listing = list_folder(flags.folder, 1);
    if (holds_training_pictures(flags.folder, run_folder)) {
      log.warning(
          "The model was trained on most of these pictures, so these figures say little about others: bart "
          "evaluate without a folder takes the test pictures alone");
    }
  }
  check_cache(flags.cache, listing.folder);
  const std::vector<std::int32_t> labels = model_labels(listing, model.classes, flags.model);
  LoadedPictures pictures = load_pictures(listing, options, [&](std::size_t done, std::size_t total) {
    progress.show("Reading pictures", done, total);
  });
  for (std::int32_t& label : pictures.labels) label = labels[static_cast<std::size_t>(label)];
  progress.clear();
  log_cache(log, pictures, flags.cache);
  for (const SkippedPicture& skipped : pictures.skipped)
    log.warning(fmt::format("Skipped {}: {}", skipped.file, skipped.reason));

  Engine engine(architecture, {.threads = threads, .evaluation_precision = precision});
  engine.load(model.state);
  std::vector<std::uint32_t> all(pictures.size());
  std::iota(all.begin(), all.end(), 0u);
  const Predictions predictions =
      predictions_of(engine, pictures, all, flags.batch_size,
                     [&](std::size_t done, std::size_t total) { progress.show("Evaluating", done, total); });
  progress.clear();
  if (!std::ranges::all_of(predictions.logits, [](float logit) { return std::isfinite(logit); })) {
    throw Error(
        fmt::format("{} answers with what is no number: its weights are damaged", flags.model.string()));
  }

  const Evaluated evaluated{flags.model.string(), listing.folder.string(), own_test,
                            model.classes,        pictures.skipped,        evaluate(predictions)};
  if (!flags.csv.empty()) write_file(flags.csv, class_csv(evaluated));
  if (!flags.confusion.empty()) write_file(flags.confusion, confusion_csv(evaluated));
  const std::string text = flags.json ? evaluation_json(evaluated) : evaluation_text(evaluated);
  std::fwrite(text.data(), 1, text.size(), stdout);
  return 0;
}

}  // namespace

void add_evaluate_command(CLI::App& program, Run& run) {
  auto flags = std::make_shared<EvaluateFlags>();
  CLI::App* command =
      program.add_subcommand("evaluate", "Judge a trained model on pictures whose classes are known");
  command->add_option("folder", flags->folder,
                      "One sub-folder a class (default: the test pictures of the model's own training)");
  command->add_option("--model", flags->model, "The trained model: .pth, .safetensors, .onnx")
      ->capture_default_str();
  command->add_option("--labels", flags->labels, "The class names of a .pth, .joblib")->capture_default_str();
  command->add_flag("--json", flags->json, "Print everything as JSON instead of tables");
  command->add_option("--csv", flags->csv, "Write the table of classes to this file, too");
  command->add_option("--confusion", flags->confusion, "Write the confusion matrix to this file (CSV), too");
  command->add_option("--cache", flags->cache, run_setting("cache").help);
  command->add_option("--bs", flags->batch_size, "Batch size")->capture_default_str();
  command->add_option("--threads", flags->threads, "Threads (default: all that this process may use)");
  add_precision_flag(*command, flags->precision, prediction_precision_help);
  command->add_flag("--strict", flags->strict,
                    "Stop at the first file that is no good picture, instead of skipping it");
  command->add_flag("--ignore-exif", flags->ignore_exif, "Take pictures as stored, not as turned by EXIF");
  command->footer(
      "Precision, recall and F1 are scikit-learn's (a figure without a picture to go by is 0), ECE is the\n"
      "expected calibration error in 15 bins (Guo et al. 2017). Classes of the model may be missing in the "
      "folder.\n"
      "The test pictures of a training are named in the bart-run/ beside the model.\n\n"
      "Examples:\n"
      "  bart evaluate                              the model here, on the test pictures of its training\n"
      "  bart evaluate holdout --model run1/BART-10M.pth --labels run1/label_encoder.joblib\n"
      "  bart evaluate --json | jq .macro.f1        one figure of all");
  command->callback([flags, &run] { run = [flags] { return evaluate_command(*flags); }; });
}

}  // namespace bart
