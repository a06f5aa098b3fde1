#pragma once

#include <string_view>

#include "bart/serve/server.h"
#include "http.h"

namespace bart {

/// Throws HttpError when the request does not name this server by an address, localhost or one of its names:
/// 403, since a page of another site may have let its own name lead here (DNS rebinding). 400 for a Host that
/// is missing or given twice.
void check_host(const HttpRequest& request, const HttpTarget& target, const ServerAccess& access);

/// Throws HttpError 403 when a web page of another site sends the request, and is not one that may.
void check_origin(const HttpRequest& request, const ServerAccess& access);

/// Throws HttpError 401 when the request does not carry the token.
void check_token(const HttpRequest& request, const ServerAccess& access);

/// The fields that let the page of an allowed origin read the response; none for others.
std::vector<HttpField> cors_fields(const HttpRequest& request, const ServerAccess& access);

/// Whether both are the same, in a time that depends on the length of `given` alone.
bool equal_in_constant_time(std::string_view given, std::string_view secret);

}  // namespace bart
