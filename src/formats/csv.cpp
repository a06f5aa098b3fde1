#include "bart/formats/csv.h"

namespace bart {

std::string csv_field(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

std::vector<std::vector<std::string>> csv_rows_of(std::string_view text) {
  std::vector<std::vector<std::string>> rows;
  bool quoted = false;
  bool row_ended = true;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (row_ended) rows.push_back({""});
    row_ended = false;
    if (c == '"') {
      const bool doubled = quoted && i + 1 < text.size() && text[i + 1] == '"';
      if (doubled) {
        rows.back().back() += text[++i];
      } else {
        quoted = !quoted;
      }
    } else if (quoted) {
      rows.back().back() += c;
    } else if (c == ',') {
      rows.back().emplace_back();
    } else if (c == '\n') {
      row_ended = true;
    } else if (c != '\r' || i + 1 == text.size() || text[i + 1] != '\n') {
      rows.back().back() += c;
    }
  }
  return rows;
}

}  // namespace bart
