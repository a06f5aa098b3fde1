#pragma once

#include <string>

namespace bart {

/// A document of nlohmann's, with `indent` spaces a level (-1: in one line) and a newline at its end. All
/// that is not ASCII is escaped, as Python's json.dumps does it: names may hold characters that change the
/// direction of writing, or bytes that are not UTF-8, in whose place is U+FFFD.
template <class Json>
std::string json_text(const Json& json, int indent) {
  return json.dump(indent, ' ', /*ensure_ascii=*/true, Json::error_handler_t::replace) + "\n";
}

}  // namespace bart
