#pragma once

#include <filesystem>

#include "bart/record/run_settings.h"
#include "bart/training/train.h"

namespace bart {

/// Settings after everything that was left open has been decided for this computer.
struct SettledSettings {
  RunSettings values;     // precision is f32 or bf16, threads at least 1, folders absolute where it matters
  TrainOptions training;  // what the training itself takes of them
};

/// Throws SettingError where a value is not possible, or not on this computer.
SettledSettings settle(const RunSettings& asked);

/// Whether `path` is `folder` or lies below it.
bool lies_in(const std::filesystem::path& path, const std::filesystem::path& folder);

/// Throws SettingError for a cache in the data folder, where it would be taken for a class.
void check_cache(const std::filesystem::path& cache, const std::filesystem::path& data_folder);

}  // namespace bart
