#pragma once

#include <filesystem>

#include "bart/dataset/load.h"
#include "log.h"

namespace bart {

/// Logs how many pictures came from the cache, if there is one, or why it could not be used.
void log_cache(Log& log, const LoadedPictures& pictures, const std::filesystem::path& cache);

}  // namespace bart
