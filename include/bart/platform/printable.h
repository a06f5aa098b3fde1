#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace bart {

/// Text from a file or of a file's name, fit for a terminal or a page: valid UTF-8 without control characters
/// (which move a terminal's cursor, or worse). Each byte that is neither becomes U+FFFD; of more than
/// `longest` bytes, the first ones and "...".
std::string printable(std::string_view text, std::size_t longest = std::string_view::npos);

/// The columns that UTF-8 takes on a terminal: one a code point, which is wrong for wide and combining ones.
std::size_t columns_of(std::string_view text);

}  // namespace bart
