#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <memory>
#include <numeric>
#include <optional>
#include <string>
#include <utility>

#include "bart/checkpoint/checkpoint_folder.h"
#include "bart/dataset/grouped_split.h"
#include "bart/dataset/listing.h"
#include "bart/dataset/load.h"
#include "bart/dataset/near_duplicates.h"
#include "bart/dataset/split.h"
#include "bart/dataset/stratified_split.h"
#include "bart/formats/joblib.h"
#include "bart/model/model_file.h"
#include "bart/pictures/encode_jpeg.h"
#include "bart/platform/error.h"
#include "bart/platform/files.h"
#include "bart/platform/folder_lock.h"
#include "bart/platform/threads.h"
#include "cache_text.h"
#include "commands.h"
#include "listing_text.h"
#include "prefix_files.h"
#include "run_record.h"
#include "train_flags.h"
#include "training_run.h"
#include "version.h"

namespace bart {
namespace {

namespace fs = std::filesystem;

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

void create_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw Error(fmt::format("cannot create the folder {}: {}", folder.string(), error.message()));
}

/// The folder, or the nearest above it that there is.
fs::path existing_part(fs::path folder) {
  while (!fs::is_directory(folder) && folder.has_relative_path()) folder = folder.parent_path();
  return folder;
}

/// The test pictures as the original saves them, inference_images/pic_{i}.jpg.
void save_test_pictures(const fs::path& folder, const LoadedPictures& pictures, const Split& split,
                        int threads) {
  create_folder(folder);
  const auto bytes = static_cast<std::size_t>(pictures.image_size) * pictures.image_size * 3;
  write_files(
      folder, split.test.size(), [](std::size_t i) { return fmt::format("pic_{}.jpg", i); },
      [&](std::size_t i) {
        pictures.will_need(split.test[i]);  // from a disk in one piece, not page by page
        const std::uint8_t* pixels = pictures.picture(split.test[i]);
        const Picture picture{pictures.image_size, pictures.image_size, {pixels, pixels + bytes}};
        pictures.done_with(split.test[i]);
        return encode_jpeg(picture);
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
  // A data set that says itself which pictures are for testing is taken at its word.
  const std::optional<Split> own = split_by_parts(pictures.parts);
  Split split = own ? *own : split_of(pictures, all, groups, flags.test_size, flags);
  if (flags.validation_size > 0 && split.validation.empty()) {
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

/// With --deterministic. Some of oneDNN's kernels add up in as many parts as there are threads.
constexpr int deterministic_threads = 4;

/// Removes what trainings into this folder left behind that were killed in the middle of a write.
void remove_unfinished_files(const fs::path& out) {
  remove_unfinished(out / "BART-10M.pth");
  remove_unfinished(out / "BART-10M.best.pth");
  remove_unfinished(out / "label_encoder.joblib");
  remove_unfinished(out / "inference_images" / "");
  remove_unfinished(out / "bart-run" / "");
}

/// What the command was not told about the training that it goes on with.
void take_over(const FoundCheckpoint& found, const CLI::App& command, TrainFlags& flags, Log& log) {
  for (const std::string& damaged : found.damaged) log.warning(fmt::format("Passed over {}", damaged));
  if (found.checkpoint.version != version) {
    throw Error(
        fmt::format("{} is of BART {}, this is {}: go on with that version, or begin anew without --resume",
                    found.path.string(), found.checkpoint.version, version));
  }
  take_settings(command, found.checkpoint.settings, flags);
  check_train_flags(flags);
  const int done = found.checkpoint.training.progress.epoch - 1;
  if (done > flags.options.epochs) {
    throw UsageError(
        fmt::format("--epochs is {}, but {} are done: name at least as many", flags.options.epochs, done));
  }
}

/// Throws Error when the pictures are not those that the training began with.
void check_data(const Checkpoint& checkpoint, const DataFingerprint& data, const LoadedPictures& pictures,
                const fs::path& folder) {
  const std::string change = difference(checkpoint.data, data, pictures.files);
  if (change.empty()) return;
  throw Error(
      fmt::format("{} is not what the training began with: {}; make it what it was, or begin anew without "
                  "--resume",
                  folder.string(), change));
}

/// Where a training begins, or goes on.
TrainingState state_to_begin_with(std::optional<FoundCheckpoint> found, const TrainFlags& flags,
                                  const Architecture& architecture, const LoadedPictures& pictures,
                                  const Split& split, RunRecord& record, Log& log) {
  if (!found) {
    TrainingState state =
        initial_training_state(architecture, static_cast<std::uint32_t>(flags.seed), split.train.size());
    if (!flags.init.empty()) take_initial_weights(flags.init, pictures.classes, state.model, log);
    return state;
  }
  const TrainingProgress& progress = found->checkpoint.training.progress;
  record.started = found->checkpoint.settings[started_setting];
  record.resumed_after_step = static_cast<std::int64_t>(progress.steps.size());
  log.info(fmt::format("Going on after step {} (epoch {}) from {}", progress.steps.size(), progress.epoch,
                       found->path.string()));
  return std::move(found->checkpoint.training);
}

/// What a training writes before its first step.
void write_beginning(const TrainFlags& flags, const fs::path& folder, const LoadedPictures& pictures,
                     const Split& split, Log& log) {
  const fs::path run_folder = flags.out / "bart-run";
  const fs::path images = flags.out / "inference_images";
  save_test_pictures(images, pictures, split, flags.threads);
  write_file(flags.out / "label_encoder.joblib", encode_label_encoder(pictures.classes));
  log.info("Saved label_encoder.joblib");
  log.info(fmt::format("Saved {} test images to inference_images/", split.test.size()));
  if (const std::size_t leftovers = leftover_pictures(images, split.test.size()); leftovers > 0) {
    log.warning(
        fmt::format("inference_images/ still holds {} pictures of an earlier run, from pic_{}.jpg on; "
                    "bart predict reads them too",
                    leftovers, split.test.size()));
  }
  log.detail(fmt::format("Training on {} threads", flags.options.threads));
  log.info(fmt::format("Training set size: {}", split.train.size()));
  if (!split.validation.empty()) log.info(fmt::format("Validation set size: {}", split.validation.size()));
  log.info(fmt::format("Test set size: {}", split.test.size()));
  write_test_pictures_csv(run_folder, folder, pictures, split);
  write_file(run_folder / "run.toml", config_of(flags));
}

int train_command(const CLI::App& command, TrainFlags flags, const std::string& command_line) {
  check_train_flags(flags);
  Progress progress;
  Log log("Batlogger (Train)", progress);
  const fs::path run_folder = flags.out / "bart-run";
  // One training at a time. Where there has been one, that is known before a single picture is read.
  std::optional<FolderLock> lock;
  if (fs::is_directory(run_folder)) lock.emplace(run_folder);
  std::optional<FoundCheckpoint> found;
  if (flags.resume) {
    found = newest_checkpoint(run_folder);
    take_over(*found, command, flags, log);
  }
  settle_precision(flags);
  const fs::path folder = data_folder(flags);
  if (lies_in(flags.out, folder)) {
    throw UsageError(
        fmt::format("the results would be written into the data folder {}: name another folder with "
                    "--out, or run from outside",
                    folder.string()));
  }
  if (!flags.cache.empty()) flags.cache = fs::absolute(flags.cache);  // for a --resume from elsewhere
  check_cache(flags.cache, folder);
  if (flags.threads == 0) flags.threads = available_threads();
  flags.options.threads = flags.deterministic ? deterministic_threads : flags.threads;
  flags.options.balanced_classes = flags.class_weights == "balanced";
  if (flags.max_steps > 0) flags.options.max_steps = flags.max_steps;
  flags.options.seed = static_cast<std::uint32_t>(flags.seed);
  RunRecord record{.command = command_line,
                   .started = iso_time(),
                   .data_folder = folder,
                   .test_size = flags.test_size,
                   .ignore_exif = flags.ignore_exif,
                   .split = flags.split,
                   .validation_size = flags.validation_size};

  if (flags.prefix) log.info(fmt::format("Renamed {} files", prefix_files(folder)));
  const Listing listing = list_folder(folder);
  log_listing(log, listing);
  LoadedPictures pictures = load_pictures(
      listing,
      {.image_size = flags.image_size,
       .threads = flags.threads,
       .apply_exif_orientation = !flags.ignore_exif,
       .strict = flags.strict,
       .cache = flags.cache,
       .scratch = existing_part(fs::absolute(flags.out))},
      [&](std::size_t done, std::size_t total) { progress.show("Reading pictures", done, total); });
  progress.clear();
  log_cache(log, pictures, flags.cache);
  log_data(log, pictures);
  DataFingerprint data = fingerprint_of(pictures, flags.threads);
  if (found) check_data(found->checkpoint, data, pictures, folder);

  Split split = split_pictures(pictures, flags);
  const Architecture architecture{.classes = static_cast<int>(pictures.classes.size()),
                                  .image_size = flags.image_size};
  layers_of(architecture);  // refuses what cannot be built before anything is written
  const fs::path checkpoint = found ? found->path : fs::path();
  TrainingState from =
      state_to_begin_with(std::move(found), flags, architecture, pictures, split, record, log);

  create_folder(run_folder);
  if (!lock) lock.emplace(run_folder);
  remove_unfinished_files(flags.out);
  if (const auto earlier = flags.resume ? std::nullopt : set_checkpoints_aside(run_folder)) {
    log.info(fmt::format("Kept the last checkpoint of the training before as {}, until this one has its own",
                         earlier->string()));
  }
  write_beginning(flags, folder, pictures, split, log);
  log.info(fmt::format("Training in {}{}", flags.precision, flags.options.exact ? ", exact" : ""));
  log.info("Starting training...");
  return run_training({std::move(flags), std::move(record), std::move(pictures), std::move(data),
                       std::move(split), architecture, std::move(from), checkpoint},
                      log, progress);
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
