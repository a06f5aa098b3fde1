#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bart/platform/error.h"

namespace bart {

struct HttpField {
  std::string name, value;
};

/// A request as it was sent, without its framing.
struct HttpRequest {
  std::string method;  // "GET"
  std::string target;  // "/v1/predict?top_k=3"
  int version = 11;    // 10 or 11: HTTP/1.0 or HTTP/1.1
  std::vector<HttpField> fields;
  std::string body;

  /// The value of the first field of this name, whose case does not matter.
  std::optional<std::string_view> field(std::string_view name) const;
  /// How many fields have this name.
  std::size_t count(std::string_view name) const;
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "application/json";
  std::string body = {};
  std::vector<HttpField> fields = {};  // beyond Content-Type and those that every response has
};

/// A request is refused with this status. what() is the reason, a sentence for whoever sent it.
class HttpError : public Error {
 public:
  HttpError(int status, const std::string& reason, std::vector<HttpField> fields = {})
      : Error(reason), status_(status), fields_(std::move(fields)) {}
  int status() const { return status_; }
  const std::vector<HttpField>& fields() const { return fields_; }

 private:
  int status_;
  std::vector<HttpField> fields_;
};

/// {"error": reason} with this status.
HttpResponse error_response(int status, std::string_view reason, std::vector<HttpField> fields = {});

/// A target in its parts, decoded (RFC 3986).
struct HttpTarget {
  std::string authority;  // of a target in absolute form, "http://host/path"; else empty
  std::string path;       // "/v1/predict"
  std::map<std::string, std::string> query;
};

/// Throws HttpError 400 for a target that is not a path, an invalid escape, and a parameter that is given
/// twice.
HttpTarget parse_target(std::string_view target);

/// A media type, "multipart/form-data; boundary=x", in its parts (RFC 9110, 8.3.1).
struct MediaType {
  std::string type;  // "multipart/form-data", in lower case; empty: none was given
  std::map<std::string, std::string> parameters;  // names in lower case
};

/// Throws HttpError 400 for a text that is not a media type.
MediaType parse_media_type(std::string_view text);

/// A text that is a whole number in decimal digits and nothing else.
std::optional<std::size_t> whole_number(std::string_view text);

/// Without the spaces and tabs around it.
std::string_view trimmed(std::string_view text);

/// ASCII only.
std::string lower_case(std::string_view text);
bool equal_ignoring_case(std::string_view a, std::string_view b);

}  // namespace bart
