#include "known_pictures.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bart/dataset/content.h"
#include "bart/platform/counted.h"
#include "bart/record/picture_hashes.h"

namespace bart {

void warn_of_known_pictures(Log& log, const FolderEvaluation& result, const FoundModel& found, Part part) {
  if (part == Part::train) return;
  const std::optional<PictureHashes> hashes = read_picture_hashes(found.run);
  if (!hashes) {
    if (part == Part::none)
      log.info(fmt::format(
          "It is not known which of these pictures {} was trained on: there is no record of its training "
          "beside it",
          found.file.string()));
    return;
  }
  // A part is that of the model's own training: check_training_of().
  if (part == Part::none && is_of_another_training(found)) {
    return log.warning(
        fmt::format("It is not known which of these pictures {} was trained on: the training in {} did not "
                    "write it",
                    found.file.string(), found.run.record().string()));
  }
  const std::vector<bool> known = match_by_content(result.pictures.hashes, hashes->train);
  const auto count = std::ranges::count_if(result.evaluated, [&](std::uint32_t i) { return known[i]; });
  const std::size_t evaluated = result.evaluated.size();
  // Of the pictures of a part one in a hundred may be a copy: see the warning of bart train.
  if (count == 0 || (part != Part::none && 100 * static_cast<std::size_t>(count) < evaluated)) return;
  const std::string share =
      fmt::format("({:.0f} %)", 100.0 * static_cast<double>(count) / static_cast<double>(evaluated));
  if (part == Part::none) {
    log.warning(fmt::format(
        "The model was trained on {} of {} {}, so these figures say little about others: --split test takes "
        "only its test pictures",
        count, counted(evaluated, "picture", "pictures"), share));
  } else {
    log.warning(
        fmt::format("The model was also trained on {} of these {} {} pictures {}, or on copies of them: "
                    "these figures say little about others",
                    count, with_commas(evaluated), name_of(part), share));
  }
}

}  // namespace bart
