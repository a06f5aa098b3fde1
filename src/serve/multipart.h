#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace bart {

/// A part of a body of multipart/form-data (RFC 7578).
struct FormPart {
  std::string name;       // of the form's field
  std::string file_name;  // empty: none was given
  bool is_file = false;   // whether a file name was given, an empty one too
  std::string_view content;
};

/// The parts of a body of multipart/form-data, which must outlive them. Throws HttpError 400 for a boundary
/// or a body that is not of that kind, and 413 for more than `most` parts.
std::vector<FormPart> parse_multipart(std::string_view body, std::string_view boundary, std::size_t most);

}  // namespace bart
