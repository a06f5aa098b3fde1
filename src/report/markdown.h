#pragma once

#include <functional>
#include <string>

#include "bart/record/run_settings.h"

namespace bart {

/// Text in which nothing is Markdown or ends a cell of a table.
std::string markdown_text(const std::string& text);

/// A table with a row for each setting that `shows` names.
std::string settings_table(const RunSettings& settings, const std::function<bool(const Setting&)>& shows);

}  // namespace bart
