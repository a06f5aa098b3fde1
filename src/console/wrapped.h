#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace bart {

/// `text` in lines of at most `columns` columns, broken at spaces, or after commas where a word is longer;
/// the lines after the first begin with `indent` spaces. 0 columns: one line.
std::string wrapped(std::string_view text, std::size_t columns, std::size_t indent = 2);

/// The help text of CLI11 in lines of at most `columns` columns, where its words allow it: descriptions stay
/// in their column, or on a narrow terminal below what they describe. 0 columns: as it is.
std::string wrapped_help(std::string_view help, std::size_t columns);

}  // namespace bart
