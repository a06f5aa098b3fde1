#pragma once

#include <CLI/App.hpp>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include "bart/training/train.h"

namespace bart {

/// The flags of bart train, as given.
struct TrainFlags {
  std::string folder;       // the argument
  std::string folder_name;  // the original's flag
  std::filesystem::path out = ".";
  double test_size = 0.2;
  std::string split = "original";
  int image_size = 128;
  std::int64_t seed = 10;
  std::int64_t max_steps = 0;  // 0: not given
  bool prefix = false;
  bool strict = false;
  bool ignore_exif = false;
  bool no_report = false;
  int threads = 0;  // 0: not given
  std::string cache;  // a folder, or nothing
  bool resume = false;
  double checkpoint_minutes = 10;
  double validation_size = 0;
  std::string best;                    // "accuracy", "macro-f1" or nothing
  int patience = 0;                    // 0: none
  std::string class_weights = "none";  // or "balanced"
  std::string init;
  bool deterministic = false;
  std::string precision = "auto";  // or "bf16" or "f32"
  std::filesystem::path config;
  TrainOptions options;
};

/// Adds them to the command.
void add_train_flags(CLI::App& command, TrainFlags& flags);

/// Throws UsageError for a value that is not possible.
void check_train_flags(const TrainFlags& flags);

/// Turns --precision auto into what this processor does best. Throws UsageError where what is asked for does
/// not go together, or not here.
void settle_precision(TrainFlags& flags);

/// Throws UsageError for a split, size or seed of pictures that is not possible.
void check_picture_flags(double test_size, int image_size, std::int64_t seed);

/// The folder with the pictures.
std::filesystem::path data_folder(const TrainFlags& flags);

/// Flags that `command` was not given take the values in the file --config, where it names them: TOML, "lr =
/// 0.01". Throws UsageError for what is no flag of the command, or no value of it.
void take_config(CLI::App& command, const TrainFlags& flags);

/// The flags as a file for --config.
std::string config_of(const TrainFlags& flags);

/// What a checkpoint keeps of the flags: flag and value, with the data folder as an absolute path.
std::map<std::string, std::string> settings_of(const TrainFlags& flags);

/// For --resume: flags that `command` was not given take the values of `settings`. Throws UsageError when one
/// was given that would change the result and has another value.
void take_settings(const CLI::App& command, const std::map<std::string, std::string>& settings,
                   TrainFlags& flags);

}  // namespace bart
