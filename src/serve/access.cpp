#include "access.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>

#include "bart/platform/printable.h"

namespace bart {
namespace {

/// The host of "host:port", without the brackets of an IPv6 address.
std::string host_of(std::string_view authority) {
  if (authority.starts_with('[')) {
    const std::size_t end = authority.find(']');
    return std::string(authority.substr(1, end == std::string_view::npos ? end : end - 1));
  }
  return std::string(authority.substr(0, authority.find(':')));
}

bool is_address(const std::string& host) {
  in6_addr ignored{};
  return ::inet_pton(AF_INET, host.c_str(), &ignored) == 1 ||
         ::inet_pton(AF_INET6, host.c_str(), &ignored) == 1;
}

/// "host:port" of an origin, "https://host:port".
std::string_view authority_of(std::string_view origin) {
  const std::size_t slashes = origin.find("://");
  return slashes == std::string_view::npos ? std::string_view() : origin.substr(slashes + 3);
}

bool is_allowed_origin(std::string_view origin, const ServerAccess& access) {
  return std::ranges::any_of(access.origins,
                             [&](const std::string& one) { return equal_ignoring_case(one, origin); });
}

}  // namespace

void check_host(const HttpRequest& request, const HttpTarget& target, const ServerAccess& access) {
  if (request.count("Host") != 1) throw HttpError(400, "a request needs one Host field");
  const std::string host = host_of(target.authority.empty() ? *request.field("Host") : target.authority);
  const auto is_host = [&](const std::string& name) { return equal_ignoring_case(name, host); };
  // A name can be made to lead to any address; an address cannot.
  if (is_host("localhost") || is_address(host) || std::ranges::any_of(access.host_names, is_host)) return;
  throw HttpError(403, fmt::format("this server is not called {}: use its address, or tell the server that "
                                   "this is a name of its own",
                                   printable(host, 200)));
}

void check_origin(const HttpRequest& request, const ServerAccess& access) {
  const auto origin = request.field("Origin");
  if (!origin) return;
  const auto host = request.field("Host");
  if (host && !host->empty() && equal_ignoring_case(authority_of(*origin), *host)) return;
  if (is_allowed_origin(*origin, access)) return;
  throw HttpError(403, fmt::format("pages of {} may not use this server, which names the sites that may",
                                   printable(*origin, 200)));
}

void check_token(const HttpRequest& request, const ServerAccess& access) {
  if (access.token.empty()) return;
  const std::string_view field = request.field("Authorization").value_or("");
  constexpr std::string_view scheme = "bearer ";
  if (equal_ignoring_case(field.substr(0, scheme.size()), scheme)) {
    std::string_view given = field.substr(scheme.size());
    given.remove_prefix(std::min(given.find_first_not_of(' '), given.size()));
    if (equal_in_constant_time(given, access.token)) return;
  }
  throw HttpError(401, "this server needs its token: send the field Authorization: Bearer TOKEN",
                  {{"WWW-Authenticate", "Bearer"}});
}

std::vector<HttpField> cors_fields(const HttpRequest& request, const ServerAccess& access) {
  if (access.origins.empty()) return {};
  std::vector<HttpField> fields = {{"Vary", "Origin"}};  // for caches: the response depends on it
  const auto origin = request.field("Origin");
  if (origin && is_allowed_origin(*origin, access))
    fields.push_back({"Access-Control-Allow-Origin", std::string(*origin)});
  return fields;
}

bool equal_in_constant_time(std::string_view given, std::string_view secret) {
  volatile unsigned char difference = given.size() == secret.size() ? 0 : 1;
  for (std::size_t i = 0; i < given.size(); ++i) {
    const char other = secret.empty() ? '\0' : secret[i % secret.size()];
    difference = static_cast<unsigned char>(difference | (given[i] ^ other));
  }
  return difference == 0;
}

}  // namespace bart
