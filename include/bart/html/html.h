#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace bart {

/// Escapes text for HTML, between tags or in a quoted attribute.
std::string html_text(std::string_view text);

/// RFC 4648.
std::string base64(std::span<const std::uint8_t> bytes);

/// The style sheet that BART's pages share: colours for light and dark screens and paper, text, cards,
/// tables.
extern const char* const html_style;

}  // namespace bart
