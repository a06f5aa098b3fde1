#pragma once

#include <filesystem>

#include "bart/dataset/load.h"
#include "log.h"

namespace bart {

/// What came out of the cache, or why it did not, where there is one.
void log_cache(Log& log, const LoadedPictures& pictures, const std::filesystem::path& cache);

}  // namespace bart
