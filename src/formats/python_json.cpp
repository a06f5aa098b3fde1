#include "bart/formats/python_json.h"

#include <fmt/format.h>

#include "bart/platform/utf8.h"

namespace bart {
namespace {

/// json.encoder's ESCAPE_DCT; everything else that is not printable ASCII becomes \uXXXX.
void append_escaped(std::string& json, char32_t c) {
  switch (c) {
    case '"':
      json += "\\\"";
      return;
    case '\\':
      json += "\\\\";
      return;
    case '\n':
      json += "\\n";
      return;
    case '\r':
      json += "\\r";
      return;
    case '\t':
      json += "\\t";
      return;
    case '\f':
      json += "\\f";
      return;
    case '\b':
      json += "\\b";
      return;
    default:
      break;
  }
  if (c >= 0x20 && c < 0x80) {
    json += static_cast<char>(c);
  } else if (c < 0x10000) {
    json += fmt::format("\\u{:04x}", static_cast<std::uint32_t>(c));
  } else {
    const auto above = static_cast<std::uint32_t>(c) - 0x10000;
    json += fmt::format("\\u{:04x}\\u{:04x}", 0xd800 + (above >> 10), 0xdc00 + (above & 0x3ff));
  }
}

}  // namespace

std::string python_json_string(std::string_view utf8) {
  std::string json = "\"";
  while (!utf8.empty()) append_escaped(json, next_code_point(utf8));
  return json + '"';
}

std::string python_json_object(const std::vector<std::pair<std::string, std::string>>& entries) {
  if (entries.empty()) return "{}";
  std::string json = "{";
  for (const auto& [key, value] : entries) {
    json += fmt::format("{}\n    {}: {}", json.size() > 1 ? "," : "", python_json_string(key),
                        python_json_string(value));
  }
  return json + "\n}";
}

}  // namespace bart
