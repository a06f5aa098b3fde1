#pragma once

#include "bart/dataset/load.h"
#include "log.h"

namespace bart {

inline constexpr const char* cache_help =
    "Folder that keeps the resized pictures for the next time; any number of data sets and commands may "
    "share "
    "it";

/// Throws UsageError for a cache in the data folder, where it would be taken for a class.
void check_cache(const std::filesystem::path& cache, const std::filesystem::path& data_folder);

/// What came out of the cache, or why it did not, where there is one.
void log_cache(Log& log, const LoadedPictures& pictures, const std::filesystem::path& cache);

}  // namespace bart
