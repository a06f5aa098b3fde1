#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace bart {

/// A field of a CSV file by RFC 4180: quoted if necessary, with quotes doubled.
std::string csv_field(std::string_view text);

/// The fields of all rows of such a file, including the column names.
std::vector<std::vector<std::string>> csv_rows_of(std::string_view text);

}  // namespace bart
