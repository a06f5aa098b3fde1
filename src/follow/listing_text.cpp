#include "listing_text.h"

#include <fmt/format.h>

#include "bart/dataset/content.h"
#include "verbosity.h"

namespace bart {

void log_listing(Log& log, const Listing& listing) {
  for (const std::string& warning : listing.warnings) log.warning(warning);
  if (const std::string parts = parts_sentence(listing); !parts.empty()) log.info(parts);
  log_passed_over(log, listing.passed_over, listing.folder);
}

void log_passed_over(Log& log, const std::vector<PassedOver>& passed_over,
                     const std::filesystem::path& folder) {
  if (passed_over.empty()) return;
  log.info(fmt::format("{}{}", passed_over_sentence(passed_over),
                       verbosity().verbose ? "" : " (--verbose names each)"));
  for (const PassedOver& one : passed_over) {
    log.detail(fmt::format("Passed over {}: {}", (folder / one.path).string(), one.reason));
  }
}

void log_passed_over(Log& log, const PictureFiles& pictures) {
  for (const std::string& warning : pictures.warnings) log.warning(warning);
  log_passed_over(log, pictures.passed_over, {});
}

void log_skipped(Log& log, const LoadedPictures& pictures) {
  for (const SkippedPicture& skipped : pictures.skipped) {
    log.warning(fmt::format("Skipped {}: {}", skipped.file, skipped.reason));
  }
}

void log_clipped_gray(Log& log, const std::vector<std::string>& files) {
  if (!files.empty()) log.warning(clipped_gray_sentence(files.size(), files.front()));
}

}  // namespace bart
