#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

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
#include "bart/platform/threads.h"
#include "bart/report/history.h"
#include "bart/training/train.h"
#include "commands.h"
#include "log.h"
#include "prefix_files.h"
#include "progress.h"
#include "report_command.h"
#include "run_record.h"

namespace bart {
namespace {

namespace fs = std::filesystem;

struct TrainFlags {
  std::string folder;       // the argument
  std::string folder_name;  // the original's flag
  fs::path out = ".";
  double test_size = 0.2;
  std::string split = "original";
  int image_size = 128;
  std::int64_t seed = 10;
  std::int64_t max_steps = 0;  // 0: not given
  bool prefix = false;
  bool strict = false;
  bool ignore_exif = false;
  bool no_report = false;
  int threads = 0;
  TrainOptions options;
};

void check_flags(const TrainFlags& flags) {
  const auto require = [](bool right, const std::string& sentence) {
    if (!right) throw UsageError(sentence);
  };
  require(flags.options.batch_size >= 1,
          fmt::format("--bs must be at least 1, not {}", flags.options.batch_size));
  require(flags.options.learning_rate > 0 && flags.options.learning_rate < 1e6,
          fmt::format("--lr must be above 0, not {}", flags.options.learning_rate));
  require(flags.options.epochs >= 0,
          fmt::format("--epochs must be at least 0, not {}", flags.options.epochs));
  require(flags.test_size > 0 && flags.test_size < 1,
          fmt::format("--test-size must be between 0 and 1, not {}", flags.test_size));
  require(flags.image_size >= 16 && flags.image_size % 16 == 0 && flags.image_size <= 2048,
          fmt::format("--image-size must be a multiple of 16 from 16 to 2048, not {}", flags.image_size));
  require(flags.seed >= 0 && flags.seed <= 0xFFFFFFFFLL,
          fmt::format("--seed must be from 0 to 4294967295, not {}", flags.seed));
  require(flags.max_steps >= 0, fmt::format("--max-steps must be at least 1, not {}", flags.max_steps));
  require(flags.threads >= 0, fmt::format("--threads must be at least 1, not {}", flags.threads));
  require(flags.folder.empty() || flags.folder_name.empty() || flags.folder == flags.folder_name,
          fmt::format("two data folders are named, {} and --folder-name {}: name one", flags.folder,
                      flags.folder_name));
}

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

/// The split that --split names.
Split split_pictures(const LoadedPictures& pictures, const TrainFlags& flags) {
  const std::uint32_t seed = flags.options.seed;
  if (flags.split == "stratified") {
    return stratified_split(pictures.labels, pictures.classes, flags.test_size, seed);
  }
  if (flags.split == "grouped") {
    const std::vector<std::uint32_t> groups =
        near_duplicate_groups(signatures_of(pictures, flags.options.threads));
    return grouped_split(pictures.labels, groups, flags.test_size, seed);
  }
  return train_test_split(static_cast<std::uint32_t>(pictures.size()), flags.test_size, seed);
}

int train_command(TrainFlags flags, const std::string& command_line) {
  check_flags(flags);
  const fs::path folder = !flags.folder.empty()        ? flags.folder
                          : !flags.folder_name.empty() ? flags.folder_name
                                                       : "characters_train";
  if (lies_in(flags.out, folder)) {
    throw UsageError(
        fmt::format("the results would be written into the data folder {}: name another folder with "
                    "--out, or run from outside",
                    folder.string()));
  }
  TrainOptions& options = flags.options;
  options.threads = flags.threads > 0 ? flags.threads : available_threads();
  if (flags.max_steps > 0) options.max_steps = flags.max_steps;
  options.seed = static_cast<std::uint32_t>(flags.seed);

  Progress progress;
  Log log("Batlogger (Train)", progress);
  RunRecord record{command_line, iso_time(), folder, flags.test_size, flags.ignore_exif, flags.split};

  if (flags.prefix) log.info(fmt::format("Renamed {} files", prefix_files(folder)));
  const LoadedPictures pictures = load_pictures(
      list_folder(folder),
      {.image_size = flags.image_size,
       .threads = options.threads,
       .apply_exif_orientation = !flags.ignore_exif,
       .strict = flags.strict},
      [&](std::size_t done, std::size_t total) { progress.show("Reading pictures", done, total); });
  progress.clear();
  log_data(log, pictures);

  const Split split = split_pictures(pictures, flags);
  const Architecture architecture{.classes = static_cast<int>(pictures.classes.size()),
                                  .image_size = flags.image_size};
  layers_of(architecture);  // refuses what cannot be built before anything is written

  const fs::path run_folder = flags.out / "bart-run";
  create_folder(run_folder);
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
  log.info(fmt::format("Test set size: {}", split.test.size()));
  log.info("Starting training...");

  std::vector<StepRecord> steps;
  std::vector<EpochRecord> epochs;
  const auto write_record = [&](const std::string& status) {
    write_steps_csv(run_folder, steps);
    write_run_json(run_folder, record, pictures, split, options, steps, epochs, status);
  };
  write_test_pictures_csv(run_folder, folder, pictures, split);
  write_record("running");
  RunHistory history(run_folder, options.learning_rate, split.train.size());
  TrainEvents events;
  events.step = [&](const StepRecord& step, std::size_t done, std::size_t total) {
    steps.push_back(step);
    history.step(step);
    progress.show(fmt::format("Epoch {}/{}", step.epoch, options.epochs), done, total,
                  fmt::format("loss {:.3f}", step.loss));
    return true;
  };
  events.validation = [&](std::size_t done, std::size_t total) {
    progress.show(fmt::format("Validating {}/{}", epochs.size() + 1, options.epochs), done, total);
  };
  events.epoch = [&](const EpochRecord& epoch) {
    epochs.push_back(epoch);
    history.epoch(epoch);
    progress.clear();
    log.info(fmt::format("Epoch [{}/{}], Loss: {:.3f}, Train Acc: {:.3f}%, Val Acc: {:.3f}%", epoch.epoch,
                         options.epochs, epoch.loss, epoch.train_accuracy, epoch.validation_accuracy));
    log.info(fmt::format("Val Macro F1: {:.3f}", epoch.validation_macro_f1));
    log.detail(fmt::format("Val Loss: {:.4f}, {:.1f} s of training, {:.1f} s of validation",
                           epoch.validation_loss, epoch.train_seconds, epoch.validation_seconds));
    write_record("running");
  };
  const TrainResult result = train(pictures, split, architecture, options, events);
  progress.clear();

  write_file(flags.out / "BART-10M.pth", encode_pth(result.state));
  write_record(result.stopped ? "stopped" : "finished");
  log_skipped(log, pictures);
  log.info(lies_in(flags.out, ".") && lies_in(".", flags.out)
               ? std::string("BART-10M.pth SAVED AT CURRENT WORKING DIRECTORY")
               : fmt::format("BART-10M.pth SAVED AT {}", flags.out.string()));
  if (!flags.no_report) {
    try {
      write_report(run_folder, result.state, pictures, split.test, options.threads, progress, log);
    } catch (const Error& error) {  // the model is saved; bart report can try again
      log.warning(fmt::format("There is no report: {}", error.what()));
    }
  }
  return 0;
}

}  // namespace

void add_train_command(CLI::App& program, Run& run, const std::string& command_line) {
  auto flags = std::make_shared<TrainFlags>();
  CLI::App* command =
      program.add_subcommand("train", "Train a classifier on a folder with one sub-folder a class");
  command->add_option("folder", flags->folder, "The data: one sub-folder a class (default characters_train)");
  command->add_option("--folder-name", flags->folder_name, "The same, as a flag");
  command->add_option("--bs", flags->options.batch_size, "Batch size")->capture_default_str();
  command->add_option("--lr", flags->options.learning_rate, "Learning rate of Adam")->capture_default_str();
  command
      ->add_option("--epochs", flags->options.epochs,
                   "Passes over the training set; 0 saves the initial weights")
      ->capture_default_str();
  command->add_option("--max-steps", flags->max_steps, "Stop after so many optimizer steps, and save");
  command->add_option("--seed", flags->seed, "Seed of the split, weights, batches and dropout")
      ->capture_default_str();
  command->add_option("--test-size", flags->test_size, "Share of the pictures that are kept for testing")
      ->capture_default_str();
  command
      ->add_option(
          "--split", flags->split,
          "How pictures are kept for testing: original (at random), stratified (as many of each class "
          "as its share), grouped (near duplicates stay on one side)")
      ->check(CLI::IsMember({"original", "stratified", "grouped"}))
      ->capture_default_str();
  command
      ->add_option("--image-size", flags->image_size, "Side that pictures are resized to, a multiple of 16")
      ->capture_default_str();
  command->add_option("--out", flags->out, "Folder that the results are written to")->capture_default_str();
  command->add_option("--threads", flags->threads, "Threads (default: all that this process may use)");
  command->add_flag("--strict", flags->strict,
                    "Stop at the first file that is no good picture, instead of skipping it");
  command->add_flag("--ignore-exif", flags->ignore_exif,
                    "Take pictures as stored, as the original did, not as turned by EXIF");
  command->add_flag("--no-report", flags->no_report, "Make no bart-run/report.html at the end");
  command->add_flag("--prefix-files", flags->prefix,
                    "Rename pic_* in the data folder to {class}_pic_* first, as the original did");
  command->footer(
      "It writes BART-10M.pth, label_encoder.joblib and inference_images/ (the test pictures), and what it "
      "did into\n"
      "bart-run/: report.html (have a look), run.json, steps.csv, test_pictures.csv, history.csv, "
      "history.json and TensorBoard's event "
      "file\n"
      "(tensorboard --logdir bart-run). The data folder is only read.\n\n"
      "Examples:\n"
      "  bart train                                the folder characters_train, as the original does\n"
      "  bart train faces --epochs 5 --out run1    another folder, five epochs, results into run1/\n"
      "  bart train faces --max-steps 100          a quick look");
  command->callback([flags, &run, command_line] {
    run = [flags, command_line] { return train_command(*flags, command_line); };
  });
}

}  // namespace bart
