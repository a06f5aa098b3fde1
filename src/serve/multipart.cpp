#include "multipart.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "http.h"

namespace bart {
namespace {

constexpr std::size_t longest_boundary = 70;  // RFC 2046, 5.1.1
constexpr std::size_t most_part_head_bytes = 8192;

[[noreturn]] void refuse(const char* why) {
  throw HttpError(400, fmt::format("the multipart body {}", why));
}

/// The value of the parameter `name` of a Content-Disposition. Browsers write a quote in a name as %22 and
/// leave a backslash alone (HTML, 4.10.21.8), other clients write \" and \\.
std::optional<std::string> parameter(std::string_view value, std::string_view name) {
  for (std::size_t at = value.find(';'); at != std::string_view::npos;) {
    std::size_t begin = value.find_first_not_of(" \t;", at);
    if (begin == std::string_view::npos) return std::nullopt;
    const std::size_t equals = value.find('=', begin);
    if (equals == std::string_view::npos) return std::nullopt;
    const std::string_view key = value.substr(begin, equals - begin);
    std::string text;
    std::size_t i = equals + 1;
    if (i < value.size() && value[i] == '"') {
      for (++i; i < value.size() && value[i] != '"'; ++i) {
        if (value[i] == '\\' && i + 1 < value.size() && (value[i + 1] == '"' || value[i + 1] == '\\')) ++i;
        text += value[i];
      }
      if (i == value.size()) refuse("has a quoted name without an end");
      at = value.find(';', i);
    } else {
      at = value.find(';', i);
      text = value.substr(i, at == std::string_view::npos ? at : at - i);
    }
    if (equal_ignoring_case(key, name)) return text;
  }
  return std::nullopt;
}

/// Reads the fields of a part into it.
void read_head(std::string_view head, FormPart& part) {
  bool named = false;
  while (!head.empty()) {
    const std::size_t end = std::min(head.find("\r\n"), head.size());
    const std::string_view line = head.substr(0, end);
    head.remove_prefix(std::min(end + 2, head.size()));
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) refuse("has a line among the fields of a part that is not a field");
    const std::string_view name = line.substr(0, colon), value = line.substr(colon + 1);
    if (equal_ignoring_case(name, "Content-Transfer-Encoding")) {
      const std::size_t begin = std::min(value.find_first_not_of(" \t"), value.size());
      if (!equal_ignoring_case(value.substr(begin), "binary"))
        refuse("has a part with a Content-Transfer-Encoding: send the bytes of the file as they are");
    }
    if (!equal_ignoring_case(name, "Content-Disposition")) continue;
    if (named) refuse("has a part with two Content-Dispositions");
    named = true;
    part.name = parameter(value, "name").value_or("");
    const std::optional<std::string> file = parameter(value, "filename");
    part.is_file = file.has_value();
    part.file_name = file.value_or("");
  }
  if (!named) refuse("has a part without a Content-Disposition");
}

}  // namespace

std::vector<FormPart> parse_multipart(std::string_view body, std::string_view boundary, std::size_t most) {
  if (boundary.empty() || boundary.size() > longest_boundary)
    throw HttpError(400, "Content-Type: multipart/form-data needs a boundary of 1 to 70 characters");
  const std::string delimiter = fmt::format("\r\n--{}", boundary);
  // The first delimiter may begin the body; what is before it is not of the form.
  const std::string_view first = std::string_view(delimiter).substr(2);
  std::size_t at = 0;
  if (body.starts_with(first)) {
    at = first.size();
  } else {
    at = body.find(delimiter);
    if (at == std::string_view::npos) refuse("does not contain its boundary");
    at += delimiter.size();
  }
  std::vector<FormPart> parts;
  for (;;) {
    if (body.substr(at).starts_with("--")) return parts;
    while (at < body.size() && (body[at] == ' ' || body[at] == '\t')) ++at;
    if (!body.substr(at).starts_with("\r\n")) refuse("has a boundary that does not end its line");
    if (parts.size() == most) {
      throw HttpError(413, fmt::format("the multipart body has more than {} parts, the limit", most));
    }
    at += 2;
    // An empty head is followed by the empty line at once.
    const std::size_t head_end = body.substr(at).starts_with("\r\n") ? at : body.find("\r\n\r\n", at);
    if (head_end == std::string_view::npos || head_end - at > most_part_head_bytes)
      refuse("has a part whose fields have no end");
    FormPart part;
    read_head(body.substr(at, head_end - at), part);
    const std::size_t content = head_end == at ? at + 2 : head_end + 4;
    // The line break of an empty content is that before its delimiter.
    const std::size_t end = body.find(delimiter, content);
    if (end == std::string_view::npos) refuse("ends within a part");
    part.content = body.substr(content, end - content);
    parts.push_back(std::move(part));
    at = end + delimiter.size();
  }
}

}  // namespace bart
