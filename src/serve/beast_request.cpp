#include "beast_request.h"

#include <fmt/format.h>

#include <boost/beast/http/error.hpp>
#include <string>
#include <utility>

namespace bart {

namespace http = boost::beast::http;

void set_limits(RequestParser& parser, std::size_t body_bytes) {
  parser.header_limit(most_head_bytes);
  parser.body_limit(body_bytes);
}

HttpRequest request_of(RequestParser& parser, bool with_body) {
  auto& message = parser.get();
  HttpRequest request{.method = std::string(message.method_string()),
                      .target = std::string(message.target()),
                      .version = message.version() == 10 ? 10 : 11,
                      .fields = {},
                      .body = {}};
  for (const auto& field : message)
    request.fields.push_back({std::string(field.name_string()), std::string(field.value())});
  if (with_body) request.body = std::move(message.body());
  return request;
}

HttpResponse response_to(const boost::beast::error_code& error, std::size_t body_limit) {
  if (error == http::error::header_limit || error == http::error::buffer_overflow)
    return error_response(431,
                          fmt::format("the head of the request has more than {} bytes", most_head_bytes));
  if (error == http::error::body_limit)
    return error_response(413, fmt::format("the body has more than {} bytes, the limit", body_limit));
  if (error == http::error::bad_version) return error_response(505, "this server speaks HTTP/1.1");
  return error_response(400, fmt::format("this is not an HTTP/1.1 request: {}", error.message()));
}

}  // namespace bart
