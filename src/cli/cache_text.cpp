#include "cache_text.h"

#include <fmt/format.h>

#include "bart/platform/counted.h"
#include "bart/platform/error.h"
#include "bart/platform/printable.h"
#include "training_run.h"

namespace bart {

void check_cache(const std::filesystem::path& cache, const std::filesystem::path& data_folder) {
  if (!cache.empty() && lies_in(cache, data_folder)) {
    throw UsageError(fmt::format("the cache {} lies in the data folder {}: name another folder with --cache",
                                 cache.string(), data_folder.string()));
  }
}

void log_cache(Log& log, const LoadedPictures& pictures, const std::filesystem::path& cache) {
  if (cache.empty()) return;
  const std::size_t total = pictures.size() + pictures.skipped.size();
  if (!pictures.cache_trouble.empty()) {
    log.warning(fmt::format("Read {} anew: {}", counted(total - pictures.from_cache, "picture", "pictures"),
                            printable(pictures.cache_trouble)));
  }
  log.info(fmt::format("Took {} of {} images from the cache {}", pictures.from_cache, total, cache.string()));
}

}  // namespace bart
