#pragma once

#include <span>
#include <string>

#include "bart/record/run_record.h"
#include "shown_pictures.h"

namespace bart {

/// A picture of the report with its overlays, as a figure.
std::string shown_picture(const RunRecord& run, const ShownPicture& picture);

/// The gallery of all mistakes, each once: the worst with their overlays, then the `others`, the least
/// probable true class first. `mistakes` is the number of all. The script adds the filters.
std::string mistake_gallery(const RunRecord& run, std::span<const ShownPicture> worst,
                            std::span<const ShownPicture> others, std::uint64_t mistakes);

}  // namespace bart
