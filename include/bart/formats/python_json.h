#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bart {

/// A string as Python's json.dumps writes it: non-ASCII escaped as \uXXXX (surrogate pairs), with its quotes.
std::string python_json_string(std::string_view utf8);

/// json.dumps(dict, indent=4) of a dict from strings to strings, in the given order, without a final newline.
std::string python_json_object(const std::vector<std::pair<std::string, std::string>>& entries);

}  // namespace bart
