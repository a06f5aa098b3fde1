#include "cache_text.h"

#include <fmt/format.h>

#include "bart/platform/counted.h"
#include "bart/platform/printable.h"

namespace bart {

void log_cache(Log& log, const LoadedPictures& pictures, const std::filesystem::path& cache) {
  if (cache.empty()) return;
  const std::size_t total = pictures.size() + pictures.skipped.size();
  if (!pictures.cache_trouble.empty()) {
    log.warning(fmt::format("Read {} again: {}", counted(total - pictures.from_cache, "picture", "pictures"),
                            printable(pictures.cache_trouble)));
  }
  log.info(
      fmt::format("Took {} of {} pictures from the cache {}", pictures.from_cache, total, cache.string()));
}

}  // namespace bart
