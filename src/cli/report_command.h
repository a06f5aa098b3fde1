#pragma once

#include <cstdint>
#include <filesystem>
#include <span>

#include "bart/dataset/load.h"
#include "bart/network/state_dict.h"
#include "log.h"
#include "progress.h"

namespace bart {

/// Writes report.html into the bart-run/ of a training; the arguments are training_report's.
void write_report(const std::filesystem::path& run_folder, const StateDict& state,
                  const LoadedPictures& pictures, std::span<const std::uint32_t> test, int threads,
                  Progress& progress, Log& log);

}  // namespace bart
