#include "http.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "bart/formats/python_json.h"
#include "bart/platform/printable.h"

namespace bart {
namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// Percent-encoding; in a query "+" is a space, as forms write it.
std::string decoded(std::string_view text, bool form) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && form) {
      result += ' ';
    } else if (text[i] != '%') {
      result += text[i];
    } else {
      unsigned value = 0;
      const char* const first = text.data() + i + 1;
      if (text.size() < i + 3 || std::from_chars(first, first + 2, value, 16).ptr != first + 2)
        throw HttpError(400, "the target has a % without two hexadecimal digits");
      result += static_cast<char>(value);
      i += 2;
    }
  }
  return result;
}

bool is_token(std::string_view text) {
  static constexpr std::string_view others = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z') ||
           others.find(c) != std::string_view::npos;
  });
}

/// The value at the beginning of `rest`, a token or a quoted string, which is taken off.
std::string parameter_value(std::string_view& rest) {
  std::string value;
  if (!rest.starts_with('"')) {
    const std::size_t end = std::min(rest.find(';'), rest.size());
    value = trimmed(rest.substr(0, end));
    rest.remove_prefix(end);
    return value;
  }
  std::size_t i = 1;
  for (; i < rest.size() && rest[i] != '"'; ++i) {
    if (rest[i] == '\\' && i + 1 < rest.size()) ++i;
    value += rest[i];
  }
  if (i >= rest.size()) throw HttpError(400, "a quoted string in Content-Type has no end");
  rest.remove_prefix(i + 1);
  return value;
}

}  // namespace

std::optional<std::size_t> whole_number(std::string_view text) {
  std::size_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

std::string lower_case(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), lower);
  return result;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}

std::optional<std::string_view> HttpRequest::field(std::string_view name) const {
  for (const HttpField& one : fields) {
    if (equal_ignoring_case(one.name, name)) return one.value;
  }
  return std::nullopt;
}

std::size_t HttpRequest::count(std::string_view name) const {
  return static_cast<std::size_t>(std::ranges::count_if(
      fields, [&](const HttpField& one) { return equal_ignoring_case(one.name, name); }));
}

HttpResponse error_response(int status, std::string_view reason, std::vector<HttpField> fields) {
  return {.status = status,
          .body = fmt::format("{{\"error\": {}}}\n", python_json_string(printable_line(reason))),
          .fields = std::move(fields)};
}

HttpTarget parse_target(std::string_view target) {
  HttpTarget parts;
  if (equal_ignoring_case(target.substr(0, 7), "http://") ||
      equal_ignoring_case(target.substr(0, 8), "https://")) {
    target.remove_prefix(target.find("//") + 2);
    const std::size_t end = std::min(target.find_first_of("/?"), target.size());
    parts.authority = target.substr(0, end);
    target.remove_prefix(end);
    if (target.empty()) target = "/";
  }
  if (!target.starts_with('/'))
    throw HttpError(400, "the target of a request must be a path, such as /v1/predict");
  target = target.substr(0, target.find('#'));
  const std::size_t question = target.find('?');
  parts.path = decoded(target.substr(0, question), false);
  if (question == std::string_view::npos) return parts;
  for (std::string_view rest = target.substr(question + 1); !rest.empty();) {
    const std::string_view one = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(one.size() + 1, rest.size()));
    if (one.empty()) continue;
    const std::size_t equals = one.find('=');
    const std::string name = decoded(one.substr(0, equals), true);
    const std::string value =
        equals == std::string_view::npos ? std::string() : decoded(one.substr(equals + 1), true);
    if (!parts.query.emplace(name, value).second)
      throw HttpError(400, fmt::format("the parameter {} is given twice", name));
  }
  return parts;
}

MediaType parse_media_type(std::string_view text) {
  MediaType media;
  text = trimmed(text);
  if (text.empty()) return media;
  const std::size_t end = std::min(text.find(';'), text.size());
  media.type = lower_case(trimmed(text.substr(0, end)));
  const std::size_t slash = media.type.find('/');
  if (slash == std::string::npos || !is_token(std::string_view(media.type).substr(0, slash)) ||
      !is_token(std::string_view(media.type).substr(slash + 1))) {
    throw HttpError(400, "Content-Type must be a media type, such as image/jpeg");
  }
  for (std::string_view rest = text.substr(end); !rest.empty();) {
    if (!rest.starts_with(';')) throw HttpError(400, "Content-Type has a text after a parameter");
    rest = trimmed(rest.substr(1));
    if (rest.empty() || rest.starts_with(';')) continue;
    const std::size_t equals = rest.find('=');
    if (equals == std::string_view::npos || !is_token(rest.substr(0, equals)))
      throw HttpError(400, "Content-Type has a parameter without a value");
    const std::string name = lower_case(rest.substr(0, equals));
    rest.remove_prefix(equals + 1);
    if (!media.parameters.emplace(name, parameter_value(rest)).second)
      throw HttpError(400, fmt::format("Content-Type has the parameter {} twice", name));
    rest = trimmed(rest);
  }
  return media;
}

}  // namespace bart
