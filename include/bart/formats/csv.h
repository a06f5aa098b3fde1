#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace bart {

/// A field of a CSV file as RFC 4180 has it: quoted where it must be, quotes doubled.
std::string csv_field(std::string_view text);

/// The fields of all rows of such a file, the heading among them.
std::vector<std::vector<std::string>> csv_rows_of(std::string_view text);

}  // namespace bart
