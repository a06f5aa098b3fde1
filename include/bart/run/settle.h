#pragma once

#include <filesystem>

#include "bart/record/run_settings.h"
#include "bart/training/train.h"

namespace bart {

/// Settings after everything that the user left open has been decided for this computer.
struct SettledSettings {
  RunSettings
      values;  // precision is f32 or bf16, threads is at least 1, folders are absolute where it matters
  TrainOptions training;  // the settings of the training itself
};

/// Throws SettingError when a value is impossible, in general or on this computer.
SettledSettings settle(const RunSettings& asked);

/// The kind of initial weights that the settings name.
InitialValues initial_values_of(const RunSettings& settings);

/// The original's network for `classes` classes, with the settings' picture size and dropout.
Architecture architecture_of(const RunSettings& settings, std::size_t classes);

/// Throws SettingError for a cache inside the data folder, because it would be taken for a class.
void check_cache(const std::filesystem::path& cache, const std::filesystem::path& data_folder);

/// Throws SettingError for a folder of results inside the data folder, because it would be taken for a class.
void check_out(const std::filesystem::path& out, const std::filesystem::path& data_folder);

}  // namespace bart
