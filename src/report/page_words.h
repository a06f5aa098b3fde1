#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string>

#include "bart/html/html.h"
#include "bart/record/run_record.h"

namespace bart {

/// "12.3 %", between which no line breaks.
inline std::string percent(double share) {
  return fmt::format("{:.1f}\u00a0%", 100 * share);
}

/// The name of a class for an attribute or a title of HTML, escaped.
inline std::string class_name(const RunRecord& run, std::int32_t label) {
  return html_text(run.classes[static_cast<std::size_t>(label)]);
}

/// The name of a class for text between tags, where it may break between its words.
inline std::string shown_name(const RunRecord& run, std::int32_t label) {
  return html_breakable(run.classes[static_cast<std::size_t>(label)]);
}

}  // namespace bart
