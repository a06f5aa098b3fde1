#pragma once

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cstddef>

#include "http.h"

namespace bart {

using RequestParser = boost::beast::http::request_parser<boost::beast::http::string_body>;

/// The longest head of a request that is read: its line and its fields.
inline constexpr std::size_t most_head_bytes = 16 << 10;

/// Sets the limits of a parser.
void set_limits(RequestParser& parser, std::size_t body_bytes);

/// The request that a parser has read; `with_body`: its body is moved out.
HttpRequest request_of(RequestParser& parser, bool with_body);

/// The response to bytes that are not a request.
HttpResponse response_to(const boost::beast::error_code& error, std::size_t body_limit);

}  // namespace bart
