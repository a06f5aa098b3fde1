#include "bart/html/html.h"

#include <fmt/format.h>

#include "bart/platform/printable.h"

namespace bart {
std::string html_text(std::string_view text) {
  std::string result;
  for (const char c : printable(text)) {
    switch (c) {
      case '&':
        result += "&amp;";
        break;
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '"':
        result += "&quot;";
        break;
      case '\'':
        result += "&#39;";
        break;
      default:
        result += c;
    }
  }
  return result;
}

std::string html_breakable(std::string_view text) {
  std::string result;
  for (const char c : html_text(text)) {
    result += c;
    if (c == '_' || c == '/' || c == ',') result += "<wbr>";
  }
  return result;
}

std::string base64(std::span<const std::uint8_t> bytes) {
  constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t word = 0;
    for (std::size_t k = 0; k < 3; ++k) word = word << 8 | (i + k < bytes.size() ? bytes[i + k] : 0u);
    for (std::size_t k = 0; k < 4; ++k) {
      text += i + k <= bytes.size() ? digits[word >> (18 - 6 * k) & 63] : '=';
    }
  }
  return text;
}

std::string html_head(std::string_view title, std::string_view style, std::string_view more) {
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
      "content=\"width=device-width, initial-scale=1\"><meta name=\"color-scheme\" content=\"light dark\">{}"
      "<title>{}</title>\n<style>{}{}</style></head>",
      more, title, html_style, style);
}

std::string html_card(std::string_view figure, std::string_view meaning, std::string_view kind) {
  return fmt::format("<div class=\"card{}{}\"><strong>{}</strong><span>{}</span></div>\n",
                     kind.empty() ? "" : " ", kind, figure, meaning);
}

std::string html_section(std::string_view id, std::string_view heading, std::string_view content) {
  return fmt::format("<section aria-labelledby=\"{0}\"><h2 id=\"{0}\">{1}</h2>\n{2}</section>\n", id, heading,
                     content);
}

}  // namespace bart
