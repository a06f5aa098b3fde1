#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace bart {

/// Escapes text for HTML, between tags or in a quoted attribute.
std::string html_text(std::string_view text);

/// Escaped as by html_text, for text between tags: a line may break after each "_", "/" and ",", so that a
/// narrow column does not break a class name or a path within a word.
std::string html_breakable(std::string_view text);

/// RFC 4648.
std::string base64(std::span<const std::uint8_t> bytes);

/// The beginning of a self-contained page, up to the end of its head: `title` is HTML, `style` follows
/// html_style, and `more` are further elements of the head.
std::string html_head(std::string_view title, std::string_view style, std::string_view more = {});

/// A card of a page: a figure, and below it what it means, both HTML. `kind` is a further CSS class.
std::string html_card(std::string_view figure, std::string_view meaning, std::string_view kind = {});

/// A section with a heading, both HTML, which a link to #id leads to.
std::string html_section(std::string_view id, std::string_view heading, std::string_view content);

/// The style sheet that BART's pages share: colours for light and dark screens and paper, text, cards,
/// tables.
extern const char* const html_style;

}  // namespace bart
