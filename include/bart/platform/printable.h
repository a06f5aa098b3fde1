#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace bart {

/// Text from a file or of a file's name, fit for a terminal or a page: valid UTF-8 without control characters
/// (which move a terminal's cursor, or worse) and without those that turn the direction of writing. Each such
/// character, and each byte that belongs to none, becomes U+FFFD. Of more than `longest` bytes, the first
/// ones and "...".
std::string printable(std::string_view text, std::size_t longest = std::string_view::npos);

/// A sentence for the terminal, printable; of more than 8,000 bytes, the beginning, " ... " and the end. Two
/// of the longest paths that Linux opens fit into it.
std::string printable_line(std::string_view sentence);

/// The columns that UTF-8 takes on a terminal: one per code point, which is wrong for wide and combining
/// ones.
std::size_t columns_of(std::string_view text);

}  // namespace bart
