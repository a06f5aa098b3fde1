#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace bart {

/// Makes text from a file, or the name of a file, fit for a terminal or a page: the result is valid UTF-8
/// without control characters (which move a terminal's cursor, or worse) and without characters that change
/// the direction of writing. Each such character, and each byte that is not valid UTF-8, becomes U+FFFD. A
/// text of more than `longest` bytes is cut and ends with "...".
std::string printable(std::string_view text, std::size_t longest = std::string_view::npos);

/// The same for a sentence on the terminal. One of more than 8,000 bytes is shortened in the middle, where "
/// ... " stands: two of the longest paths that Linux opens fit into it.
std::string printable_line(std::string_view sentence);

/// The number of columns that UTF-8 text takes on a terminal: one per code point, which is wrong for wide and
/// combining characters.
std::size_t columns_of(std::string_view text);

}  // namespace bart
