#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <string>
#include <utility>

#include "arguments.h"
#include "bart/checkpoint/checkpoint_folder.h"
#include "bart/classifier/model_file.h"
#include "bart/dataset/grouped_split.h"
#include "bart/dataset/listing.h"
#include "bart/dataset/load.h"
#include "bart/dataset/near_duplicates.h"
#include "bart/dataset/split.h"
#include "bart/dataset/stratified_split.h"
#include "bart/formats/joblib.h"
#include "bart/formats/pth.h"
#include "bart/pictures/encode_jpeg.h"
#include "bart/platform/error.h"
#include "bart/platform/files.h"
#include "bart/platform/folder_lock.h"
#include "bart/platform/threads.h"
#include "bart/report/history.h"
#include "bart/training/train.h"
#include "commands.h"
#include "log.h"
#include "prefix_files.h"
#include "progress.h"
#include "report_command.h"
#include "run_record.h"
#include "stop_signals.h"
#include "train_flags.h"
#include "version.h"

namespace bart {
namespace {

namespace fs = std::filesystem;

/// Whether `path` is `folder` or lies below it.
bool lies_in(const fs::path& path, const fs::path& folder) {
  const fs::path inner = fs::weakly_canonical(path);
  const fs::path outer = fs::weakly_canonical(folder);
  return std::mismatch(outer.begin(), outer.end(), inner.begin(), inner.end()).first == outer.end();
}

/// Python's str() of a (height, width, 3) tuple.
std::string shape_text(const std::pair<int, int>& size) {
  return fmt::format("({}, {}, 3)", size.first, size.second);
}

void log_data(Log& log, const LoadedPictures& pictures) {
  for (const SkippedPicture& skipped : pictures.skipped) {
    log.warning(fmt::format("Skipped {}: {}", skipped.file, skipped.reason));
  }
  log.info(fmt::format("The number of images: {} is equal to the number of labels: True", pictures.size()));
  log.info(fmt::format("Number of classes: {}", pictures.classes.size()));
  if (pictures.sizes.size() == 1) {
    log.info(fmt::format("Dimensions of each image: {}", shape_text(*pictures.sizes.begin())));
  } else {
    log.info(fmt::format("There are {} different sizes for images", pictures.sizes.size()));
    log.info(fmt::format("Different shapes found: [{}, {}]", shape_text(*pictures.sizes.begin()),
                         shape_text(*pictures.sizes.rbegin())));
  }
  if (!pictures.converted.empty()) {
    log.info(
        fmt::format("Converted {} images to RGB (listed in bart-run/run.json)", pictures.converted.size()));
  }
}

void log_skipped(Log& log, const LoadedPictures& pictures) {
  if (pictures.skipped.empty()) return;
  log.warning(fmt::format("Skipped {} of {} files that could not be read as pictures",
                          pictures.skipped.size(), pictures.skipped.size() + pictures.size()));
}

void create_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw Error(fmt::format("cannot create the folder {}: {}", folder.string(), error.message()));
}

/// The test pictures as the original saves them, inference_images/pic_{i}.jpg.
void save_test_pictures(const fs::path& folder, const LoadedPictures& pictures, const Split& split,
                        int threads) {
  create_folder(folder);
  const auto bytes = static_cast<std::size_t>(pictures.image_size) * pictures.image_size * 3;
  write_files(
      folder, split.test.size(), [](std::size_t i) { return fmt::format("pic_{}.jpg", i); },
      [&](std::size_t i) {
        const std::uint8_t* pixels = pictures.picture(split.test[i]);
        return encode_jpeg({pictures.image_size, pictures.image_size, {pixels, pixels + bytes}});
      },
      threads);
}

/// How many pic_N.jpg of an earlier, larger run lie in the folder beside this run's.
std::size_t leftover_pictures(const fs::path& folder, std::size_t test_pictures) {
  std::size_t leftovers = 0;
  for (std::size_t i = test_pictures; fs::exists(folder / fmt::format("pic_{}.jpg", i)); ++i) ++leftovers;
  return leftovers;
}

/// The split that --split names, of the pictures `indices`.
Split split_of(const LoadedPictures& pictures, const std::vector<std::uint32_t>& indices,
               const std::vector<std::uint32_t>& groups, double test_size, const TrainFlags& flags) {
  std::vector<std::int32_t> labels;
  std::vector<std::uint32_t> own_groups;
  for (const std::uint32_t i : indices) {
    labels.push_back(pictures.labels[i]);
    if (!groups.empty()) own_groups.push_back(groups[i]);
  }
  const std::uint32_t seed = flags.options.seed;
  Split split = flags.split == "stratified" ? stratified_split(labels, pictures.classes, test_size, seed)
                : flags.split == "grouped"
                    ? grouped_split(labels, own_groups, test_size, seed)
                    : train_test_split(static_cast<std::uint32_t>(indices.size()), test_size, seed);
  for (std::uint32_t& i : split.train) i = indices[i];
  for (std::uint32_t& i : split.test) i = indices[i];
  return split;
}

/// Test pictures first, then, of the others, those for validation, where some are asked for.
Split split_pictures(const LoadedPictures& pictures, const TrainFlags& flags) {
  std::vector<std::uint32_t> groups;
  if (flags.split == "grouped") {
    groups = near_duplicate_groups(signatures_of(pictures, flags.threads));
  }
  std::vector<std::uint32_t> all(pictures.size());
  std::iota(all.begin(), all.end(), 0u);
  Split split = split_of(pictures, all, groups, flags.test_size, flags);
  if (flags.validation_size > 0) {
    Split inner = split_of(pictures, split.train, groups, flags.validation_size, flags);
    split.train = std::move(inner.train);
    split.validation = std::move(inner.test);
  }
  return split;
}

/// The weights of --init in the place of the first ones. The last layer says what the classes are, so it is
/// taken only from a model of the same classes.
void take_initial_weights(const fs::path& model, const std::vector<std::string>& classes, StateDict& state,
                          Log& log) {
  ModelFile init = read_model_file(model);
  const fs::path labels = model.parent_path() / "label_encoder.joblib";
  if (init.classes.empty() && fs::exists(labels)) init.classes = decode_label_encoder(read_file(labels));
  const std::string last = state.back().name.substr(0, state.back().name.rfind('.'));
  const bool same_classes = init.classes == classes;
  for (Tensor& tensor : state) {
    if (!same_classes && tensor.name.starts_with(last + ".")) continue;
    const Tensor* found = find_tensor(init.state, tensor.name);
    if (found == nullptr || found->shape != tensor.shape) {
      throw Error(
          fmt::format("{} has no {} of the shape that this network needs: train with the --image-size "
                      "that it was trained with",
                      model.string(), tensor.name));
    }
    tensor.values = found->values;
  }
  log.info(fmt::format("Began with the weights of {}{}", model.string(),
                       same_classes ? "" : ", its last layer anew: it has other classes"));
}

/// The command that goes on with the training in `out`.
std::string resume_command(const fs::path& out) {
  const std::string folder = out.string();
  const char* const arguments[] = {"bart", "train", "--resume", "--out", folder.c_str()};
  return quoted_command(out == "." ? 3 : 5, arguments);
}

/// The newest checkpoint, and what the command was not told about this training from it.
FoundCheckpoint find_training(Log& log, const CLI::App& command, const fs::path& run_folder,
                              TrainFlags& flags) {
  FoundCheckpoint found = newest_checkpoint(run_folder);
  for (const std::string& damaged : found.damaged) log.warning(fmt::format("Passed over {}", damaged));
  if (found.checkpoint.version != version) {
    throw Error(
        fmt::format("{} is of BART {}, this is {}: go on with that version, or begin anew without --resume",
                    found.path.string(), found.checkpoint.version, version));
  }
  take_settings(command, found.checkpoint.settings, flags);
  return found;
}

/// With --deterministic. oneDNN's convolutions add up weight gradients in as many parts as there are threads.
constexpr int deterministic_threads = 4;

/// Where a checkpoint keeps when its training began.
constexpr const char* started_setting = "started";

/// A training that is ready to begin, or to go on.
struct PreparedTraining {
  TrainFlags flags;
  RunRecord record;
  LoadedPictures pictures;
  DataFingerprint data;
  Split split;
  Architecture architecture;
  std::optional<FoundCheckpoint> found;  // with --resume
};

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

/// Trains, and keeps in bart-run/ what has been done. Returns the exit code.
int run_training(PreparedTraining prepared, Log& log, Progress& progress) {
  const TrainFlags& flags = prepared.flags;
  const TrainOptions& options = flags.options;
  const fs::path run_folder = flags.out / "bart-run";
  fs::path checkpoint;  // the last one
  const Split& split = prepared.split;
  const BestBy best_by = flags.best == "macro-f1" ? BestBy::macro_f1 : BestBy::accuracy;
  const fs::path model_file = flags.out / "BART-10M.pth";
  const fs::path best_file = flags.out / "BART-10M.best.pth";
  TrainingState from = prepared.found
                           ? std::move(prepared.found->checkpoint.training)
                           : initial_training_state(prepared.architecture, options.seed, split.train.size());
  if (!prepared.found && !flags.init.empty()) {
    take_initial_weights(flags.init, prepared.pictures.classes, from.model, log);
  }
  if (prepared.found) {
    checkpoint = prepared.found->path;
    log.info(fmt::format("Going on after step {} (epoch {}) from {}", from.progress.steps.size(),
                         from.progress.epoch, checkpoint.string()));
  }
  Training training(prepared.pictures, prepared.split, prepared.architecture, options, std::move(from));

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
  RunHistory history(run_folder, options.learning_rate, prepared.split.train.size(),
                     training.progress().epochs);
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
  if (!split.validation.empty()) {
    const auto report_test = [&](const Evaluation& evaluation, const std::string& model) {
      progress.clear();
      const ClassificationReport& report = evaluation.report;
      prepared.record.tests.push_back({model, report.accuracy, report.macro.f1, evaluation.loss});
      log.info(fmt::format("{}: Test Acc: {:.3f}%, Test Macro F1: {:.3f}", model, 100 * report.accuracy,
                           report.macro.f1));
    };
    const auto show = [&](std::size_t done, std::size_t total) { progress.show("Testing", done, total); };
    report_test(training.evaluate_on(split.test, show), "BART-10M.pth");
    if (!flags.best.empty() && fs::exists(best_file)) {
      Engine best(prepared.architecture, {.threads = options.threads});
      best.load(decode_pth(read_file(best_file)));
      report_test(evaluate(predictions_of(best, prepared.pictures, split.test, options.batch_size, show)),
                  "BART-10M.best.pth");
    }
  }
  write_record(finished ? "finished" : "stopped");
  log_skipped(log, prepared.pictures);
  log.info(lies_in(flags.out, ".") && lies_in(".", flags.out)
               ? std::string("BART-10M.pth SAVED AT CURRENT WORKING DIRECTORY")
               : fmt::format("BART-10M.pth SAVED AT {}", flags.out.string()));
  if (!flags.no_report) {
    try {
      write_report(run_folder, training.model(), prepared.pictures, split.test, options.threads, progress,
                   log);
    } catch (const Error& error) {  // the model is saved; bart report can try again
      log.warning(fmt::format("There is no report: {}", error.what()));
    }
  }
  return 0;
}

/// The record of a training that goes on is that of its beginning.
void continue_record(const Checkpoint& checkpoint, const TrainOptions& options, RunRecord& record) {
  const TrainingProgress& progress = checkpoint.training.progress;
  if (progress.epoch - 1 > options.epochs) {
    throw UsageError(fmt::format("--epochs is {}, but {} are done: name at least as many", options.epochs,
                                 progress.epoch - 1));
  }
  if (const auto started = checkpoint.settings.find(started_setting); started != checkpoint.settings.end()) {
    record.started = started->second;
  }
  record.resumed_after_step = static_cast<std::int64_t>(progress.steps.size());
}

void check_data(const PreparedTraining& prepared, const fs::path& folder) {
  const std::string change =
      difference(prepared.found->checkpoint.data, prepared.data, prepared.pictures.files);
  if (change.empty()) return;
  throw Error(
      fmt::format("{} is not what the training began with: {}; make it what it was, or begin anew without "
                  "--resume",
                  folder.string(), change));
}

/// Removes what trainings into this folder left behind that were killed in the middle of a write.
void remove_unfinished_files(const fs::path& out) {
  remove_unfinished(out / "BART-10M.pth");
  remove_unfinished(out / "BART-10M.best.pth");
  remove_unfinished(out / "label_encoder.joblib");
  remove_unfinished(out / "inference_images" / "");
  remove_unfinished(out / "bart-run" / "");
}

int train_command(const CLI::App& command, TrainFlags flags, const std::string& command_line) {
  check_train_flags(flags);
  Progress progress;
  Log log("Batlogger (Train)", progress);
  const fs::path run_folder = flags.out / "bart-run";
  // One training at a time. Where there has been one, that is known before a single picture is read.
  std::optional<FolderLock> lock;
  if (fs::is_directory(run_folder)) lock.emplace(run_folder);
  PreparedTraining prepared;
  if (flags.resume) {
    prepared.found = find_training(log, command, run_folder, flags);
    check_train_flags(flags);
  }
  const fs::path folder = data_folder(flags);
  if (lies_in(flags.out, folder)) {
    throw UsageError(
        fmt::format("the results would be written into the data folder {}: name another folder with "
                    "--out, or run from outside",
                    folder.string()));
  }
  TrainOptions& options = flags.options;
  if (flags.threads == 0) flags.threads = available_threads();
  options.threads = flags.deterministic ? deterministic_threads : flags.threads;
  options.balanced_classes = flags.class_weights == "balanced";
  if (flags.max_steps > 0) options.max_steps = flags.max_steps;
  options.seed = static_cast<std::uint32_t>(flags.seed);
  prepared.record = {
      command_line,          iso_time(), folder, flags.test_size, flags.ignore_exif, flags.split,
      flags.validation_size, {},         {}};
  if (prepared.found) continue_record(prepared.found->checkpoint, options, prepared.record);

  if (flags.prefix) log.info(fmt::format("Renamed {} files", prefix_files(folder)));
  prepared.pictures = load_pictures(
      list_folder(folder),
      {.image_size = flags.image_size,
       .threads = flags.threads,
       .apply_exif_orientation = !flags.ignore_exif,
       .strict = flags.strict},
      [&](std::size_t done, std::size_t total) { progress.show("Reading pictures", done, total); });
  progress.clear();
  const LoadedPictures& pictures = prepared.pictures;
  log_data(log, pictures);
  prepared.data = fingerprint_of(pictures, options.threads);
  if (prepared.found) check_data(prepared, folder);

  const Split split = prepared.split = split_pictures(pictures, flags);
  prepared.architecture = {.classes = static_cast<int>(pictures.classes.size()),
                           .image_size = flags.image_size};
  layers_of(prepared.architecture);  // refuses what cannot be built before anything is written

  create_folder(run_folder);
  if (!lock) lock.emplace(run_folder);
  remove_unfinished_files(flags.out);
  if (!flags.resume) {
    if (const auto earlier = set_checkpoints_aside(run_folder)) {
      log.info(
          fmt::format("Kept the last checkpoint of the training before as {}, until this one has its own",
                      earlier->string()));
    }
  }
  const fs::path images = flags.out / "inference_images";
  save_test_pictures(images, pictures, split, options.threads);
  write_file(flags.out / "label_encoder.joblib", encode_label_encoder(pictures.classes));
  log.info("Saved label_encoder.joblib");
  log.info(fmt::format("Saved {} test images to inference_images/", split.test.size()));
  if (const std::size_t leftovers = leftover_pictures(images, split.test.size()); leftovers > 0) {
    log.warning(
        fmt::format("inference_images/ still holds {} pictures of an earlier run, from pic_{}.jpg on; "
                    "bart predict reads them too",
                    leftovers, split.test.size()));
  }
  log.detail(fmt::format("Training on {} threads", options.threads));
  log.info(fmt::format("Training set size: {}", split.train.size()));
  if (!split.validation.empty()) log.info(fmt::format("Validation set size: {}", split.validation.size()));
  log.info(fmt::format("Test set size: {}", split.test.size()));
  write_test_pictures_csv(run_folder, folder, pictures, split);
  write_file(run_folder / "run.toml", config_of(flags));
  log.info("Starting training...");
  prepared.flags = std::move(flags);
  return run_training(std::move(prepared), log, progress);
}

}  // namespace

void add_train_command(CLI::App& program, Run& run, const std::string& command_line) {
  auto flags = std::make_shared<TrainFlags>();
  CLI::App* command =
      program.add_subcommand("train", "Train a classifier on a folder with one sub-folder a class");
  add_train_flags(*command, *flags);
  command->callback([flags, &run, command, command_line] {
    run = [flags, command, command_line] {
      if (!flags->config.empty()) take_config(*command, *flags);
      return train_command(*command, *flags, command_line);
    };
  });
}

}  // namespace bart
