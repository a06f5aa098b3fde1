#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string>

#include "bart/html/html.h"
#include "bart/record/run_record.h"

namespace bart {

/// "12.3 %".
inline std::string percent(double share) {
  return fmt::format("{:.1f} %", 100 * share);
}

/// The name of a class, escaped for HTML.
inline std::string class_name(const RunRecord& run, std::int32_t label) {
  return html_text(run.classes[static_cast<std::size_t>(label)]);
}

}  // namespace bart
