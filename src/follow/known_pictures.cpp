#include "known_pictures.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "bart/dataset/content.h"
#include "bart/platform/counted.h"
#include "bart/record/picture_hashes.h"

namespace bart {

void warn_of_known_pictures(Log& log, const LoadedPictures& pictures, const RunFolder& run) {
  const std::optional<PictureHashes> hashes = read_picture_hashes(run);
  if (!hashes) return;
  const std::vector<bool> known = match_by_content(pictures.hashes, hashes->train);
  const auto count = std::ranges::count(known, true);
  if (count == 0) return;
  log.warning(fmt::format(
      "The model was trained on {} of {} ({:.0f} %), so these figures say little about others: --split test "
      "takes only its test pictures",
      count, counted(known.size(), "picture", "pictures"),
      100.0 * static_cast<double>(count) / static_cast<double>(known.size())));
}

}  // namespace bart
