#include "markdown.h"

#include <fmt/format.h>

#include <string_view>

#include "bart/platform/printable.h"

namespace bart {

std::string markdown_text(const std::string& text) {
  std::string escaped;
  for (const char c : printable(text)) {
    if (std::string_view("\\`*_{}[]()<>#+!|~").find(c) != std::string_view::npos) escaped += '\\';
    escaped += c == '\n' ? ' ' : c;
  }
  return escaped;
}

std::string settings_table(const RunSettings& settings, const std::function<bool(const Setting&)>& shows) {
  std::string table = "| setting | value |\n| --- | --- |\n";
  for (const Setting& setting : run_settings()) {
    if (!shows(setting)) continue;
    table += fmt::format("| {} | {} |\n", setting.label, markdown_text(shown_text(setting, settings)));
  }
  return table;
}

}  // namespace bart
