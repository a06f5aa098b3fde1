#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace bart {

/// Valid UTF-8 without control characters, whatever a file is called: each byte that is neither becomes
/// U+FFFD.
std::string plain_text(std::string_view text);

/// Any text as HTML, between tags or in a quoted attribute.
std::string html_text(std::string_view text);

/// RFC 4648.
std::string base64(std::span<const std::uint8_t> bytes);

/// The style that BART's pages share: colours for light, dark and paper, text, cards, tables.
extern const char* const html_style;

}  // namespace bart
