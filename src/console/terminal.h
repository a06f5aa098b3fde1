#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace bart {

/// The width in columns of the terminal of a file descriptor. Where it is no terminal: COLUMNS, as man and
/// git do, or no limit (0), for a pipe is for other programs.
std::size_t terminal_columns(int descriptor);

/// Whether colours may be written there: a terminal that is not "dumb", and no NO_COLOR
/// (https://no-color.org).
bool shows_colours(int descriptor);

enum class Style { plain, bold, good, warning, error, quiet };

/// `text` in that style where `coloured`, else as it is.
std::string styled(std::string_view text, Style style, bool coloured);

}  // namespace bart
