#pragma once

#include <cstddef>
#include <string>

#include "bart/inspect/inspect.h"
#include "bart/platform/progress.h"

namespace bart {

/// The inspection as aligned tables for a terminal. The last columns of tables that are wider than `columns`
/// are left out; 0 is no limit.
std::string inspection_text(const Inspection& inspection, std::size_t columns = 0);

/// The whole inspection as one JSON object.
std::string inspection_json(const Inspection& inspection);

/// The inspection as one self-contained HTML page, without scripts or anything from the network. Its
/// thumbnails are made from the files, which are read again; `progress(done, total)` counts them, called by
/// one thread at a time.
std::string inspection_page(const Inspection& inspection, const OnProgress& progress = {});

}  // namespace bart
