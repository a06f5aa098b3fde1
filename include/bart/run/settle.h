#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "bart/engine/device.h"
#include "bart/record/run_settings.h"
#include "bart/training/train.h"

namespace bart {

/// Settings after everything that the user left open has been decided for this computer.
struct SettledSettings {
  /// The device is "cpu", "cuda" or "cuda:1", the precision f32, bf16 or tf32, threads at least 1, folders
  /// are absolute where it matters.
  RunSettings values;
  TrainOptions training;              // the settings of the training itself
  std::vector<std::string> warnings;  // sentences
  /// What to settle if the GPU turns out to be too small: set if "auto" has chosen it.
  std::optional<RunSettings> otherwise = {};
};

/// Opens the device. Throws SettingError when a value is impossible, in general or on this computer, and
/// Error as choose_device().
SettledSettings settle(const RunSettings& asked);

/// The precision that settings.precision means on `device` (nullptr: this computer's processor). Throws
/// SettingError if it cannot be computed there.
Precision settled_precision(const RunSettings& settings, const Device* device);

/// Makes sure that the device has the memory for trainings of this network, before anything takes long. If it
/// has too little and "auto" had chosen it, the settings become those on the processor, with a warning.
/// Throws Error if another choice has too little.
void check_memory_of_device(SettledSettings& settled, const Architecture& architecture);

/// Tells the warnings, and which GPU computes if one does. Empty functions are skipped.
void tell_settled(const SettledSettings& settled, const std::function<void(const std::string&)>& warning,
                  const std::function<void(const std::string&)>& gpu);

/// The kind of initial weights that the settings name.
InitialValues initial_values_of(const RunSettings& settings);

/// The original's network for `classes` classes, with the settings' picture size and dropout.
Architecture architecture_of(const RunSettings& settings, std::size_t classes);

/// The folders that a training with these settings reads pictures from: `folder`, and those for testing and
/// validation.
std::vector<std::filesystem::path> data_folders(const std::filesystem::path& folder,
                                                const RunSettings& settings);

/// Throws SettingError for a cache that is no folder, or is inside one of the data folders, where it would be
/// taken for a class.
void check_cache(const std::filesystem::path& cache, const std::vector<std::filesystem::path>& data_folders);

/// Throws SettingError for a folder of results inside one of the data folders, because it would be taken for
/// a class.
void check_out(const std::filesystem::path& out, const std::vector<std::filesystem::path>& data_folders);

}  // namespace bart
