#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace bart {

/// The width in columns of the terminal of a file descriptor. If it is not a terminal: the variable COLUMNS,
/// as for man and git, or else no limit (0), because other programs read a pipe.
std::size_t terminal_columns(int descriptor);

/// Whether colours may be written there: to a terminal that is not "dumb", unless NO_COLOR is set
/// (https://no-color.org).
bool shows_colours(int descriptor);

enum class Style { plain, bold, good, warning, error, quiet };

/// `text` in that style if `coloured`, else as it is.
std::string styled(std::string_view text, Style style, bool coloured);

}  // namespace bart
