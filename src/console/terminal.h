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

/// Whether a progress bar may be drawn on stderr: a terminal that is not "dumb", without --quiet.
bool shows_bars();

/// Writes to stderr at once.
void write_to_stderr(std::string_view text);

/// "████░░░░": a bar of `cells` of which `share`, from 0 to 1, is filled.
std::string bar_cells(double share, std::size_t cells);

/// "4:32" or "1:04:32".
std::string clock_text(double seconds);

enum class Style { plain, bold, good, warning, error, quiet };

/// `text` in that style if `coloured`, else as it is.
std::string styled(std::string_view text, Style style, bool coloured);

}  // namespace bart
