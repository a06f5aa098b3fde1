#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace bart {

/// How much a JSON text holds.
struct JsonExtent {
  std::size_t depth = 0;       // of objects and lists within each other
  std::size_t containers = 0;  // objects and lists
  std::size_t scalars = 0;     // names and all other values
};

/// The extent of `text`, up to its end or to the first fault in it, in time that grows with its length: what
/// a stranger's text is asked before it is parsed. Its limits do not belong into a callback of nlohmann's
/// parser, which looks through the whole of an object or list at the end of every other in it, and so takes
/// the square of the length (nlohmann/detail/input/json_sax.hpp, json_sax_dom_callback_parser::end_object).
/// `on_name` gets each name, with the number of objects and lists that it is in.
JsonExtent json_extent(std::string_view text,
                       const std::function<void(std::size_t depth, const std::string& name)>& on_name = {});

}  // namespace bart
