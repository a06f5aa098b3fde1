#pragma once

#include <cstddef>
#include <string>

#include "bart/inspect/inspect.h"
#include "bart/platform/progress.h"

namespace bart {

/// Aligned tables for a terminal.
std::string inspection_text(const Inspection& inspection);

/// The whole inspection as one JSON object.
std::string inspection_json(const Inspection& inspection);

/// One self-contained HTML page with thumbnails, which are read again from the folder; `progress(done,
/// total)` counts them, one call at a time. No script, nothing from the network.
std::string inspection_page(const Inspection& inspection, const OnProgress& progress = {});

}  // namespace bart
