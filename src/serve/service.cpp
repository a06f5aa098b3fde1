#include "service.h"

#include <fmt/format.h>

#include <exception>
#include <new>
#include <utility>

#include "access.h"
#include "routes.h"

namespace bart {
namespace {

/// A longer body is read by the threads that decode, so that the one of the sockets goes on.
constexpr std::size_t most_bytes_at_once = 256 << 10;

/// The response to an exception that is being handled.
HttpResponse response_to_error() {
  try {
    throw;
  } catch (const HttpError& error) {
    return error_response(error.status(), error.what(), error.fields());
  } catch (const std::bad_alloc&) {
    return error_response(503, "the server is out of memory: try again later", {{"Retry-After", "1"}});
  } catch (const std::exception& error) {
    return error_response(500, error.what());
  }
}

std::size_t content_length(const HttpRequest& request) {
  const auto length = whole_number(request.field("Content-Length").value_or("0"));
  if (!length) throw HttpError(400, "Content-Length is not a number of bytes");
  return *length;
}

void check_framing(const HttpRequest& request, const ServerLimits& limits) {
  const bool chunked = request.count("Transfer-Encoding") > 0;
  // Where two programs disagree on the end of a request, one sees a request that the other does not (RFC
  // 9112, 11.2): a length is stated once, and only chunks may take its place.
  if (request.count("Content-Length") + request.count("Transfer-Encoding") > 1)
    throw HttpError(400, "the length of the body is stated twice");
  if (chunked &&
      (request.version < 11 || !equal_ignoring_case(*request.field("Transfer-Encoding"), "chunked")))
    throw HttpError(400, "Transfer-Encoding must be chunked, in HTTP/1.1");
  if (const auto expect = request.field("Expect"); expect && !equal_ignoring_case(*expect, "100-continue"))
    throw HttpError(417, "only Expect: 100-continue is understood");
  if (const auto coding = request.field("Content-Encoding");
      coding && !equal_ignoring_case(*coding, "identity"))
    throw HttpError(415, "the body is compressed: send it as it is", {{"Accept-Encoding", "identity"}});
  const std::size_t length = content_length(request);
  if (request.method != "POST") {
    if (chunked || length > 0) throw HttpError(400, fmt::format("{} takes no body", request.method));
    return;
  }
  if (!chunked && request.count("Content-Length") == 0)
    throw HttpError(411, "a POST needs a Content-Length, or chunks");
  if (length > limits.body_bytes) {
    throw HttpError(
        413, fmt::format("a body of {} bytes is more than the limit of {}", length, limits.body_bytes));
  }
}

/// Checks everything that the head of a request shows. Sets the target and its parts.
const Route& checked_route(const Service& service, Call& call) {
  call.target = parse_target(call.request.target);
  check_host(call.request, call.target, service.access());
  check_origin(call.request, service.access());
  const Route& route = find_route(call);
  if (route.needs == Route::Needs::token) check_token(call.request, service.access());
  check_framing(call.request, service.limits());
  if (route.check_head != nullptr) route.check_head(service, call);
  return route;
}

/// Whether a browser asks if a page of another site may send a request (a CORS preflight).
bool is_preflight(const HttpRequest& request) {
  return request.method == "OPTIONS" && request.count("Origin") > 0 &&
         request.count("Access-Control-Request-Method") > 0;
}

HttpResponse preflight_response(const HttpRequest& request, const ServerAccess& access) {
  check_origin(request, access);
  HttpResponse response{.status = 204, .content_type = {}, .fields = cors_fields(request, access)};
  response.fields.push_back({"Access-Control-Allow-Methods", "GET, HEAD, POST"});
  response.fields.push_back({"Access-Control-Allow-Headers", "Authorization, Content-Type"});
  response.fields.push_back({"Access-Control-Max-Age", "600"});
  return response;
}

HttpResponse with_fields(HttpResponse response, const std::vector<HttpField>& fields) {
  response.fields.insert(response.fields.end(), fields.begin(), fields.end());
  return response;
}

}  // namespace

void Call::respond_with_error() const {
  respond(response_to_error());
}

Service::Service(SharedModel model, const ServerOptions& options, int threads)
    : limits_(options.limits),
      access_(options.access),
      model_(std::move(model)),
      classifier_(
          threads, options.limits.waiting_pictures, options.limits.pixels,
          [this](std::size_t size) { metrics_.add_batch(size); }, options.on_warning) {}

void Service::set_model(SharedModel model) {
  const std::scoped_lock lock(mutex_);
  model_ = std::move(model);
}

SharedModel Service::model() const {
  const std::scoped_lock lock(mutex_);
  return model_;
}

std::optional<HttpResponse> Service::refusal(const HttpRequest& head) const {
  try {
    if (is_preflight(head)) return std::nullopt;
    Call call{
        .request = head, .target = {}, .captured = {}, .model = model(), .client_left = {}, .respond = {}};
    checked_route(*this, call);
    return std::nullopt;
  } catch (...) {
    return with_fields(response_to_error(), cors_fields(head, access_));
  }
}

void Service::answer(HttpRequest request, std::function<void(HttpResponse)> respond, ClientLeft client_left) {
  std::vector<HttpField> fields = cors_fields(request, access_);
  try {
    if (is_preflight(request)) return respond(preflight_response(request, access_));
    const auto call = std::make_shared<Call>();
    call->request = std::move(request);
    call->model = model();
    call->client_left = std::move(client_left);
    call->respond = [respond, fields](HttpResponse response) {
      respond(with_fields(std::move(response), fields));
    };
    call->attempt([&] {
      const Route& route = checked_route(*this, *call);
      const auto answer = [this, &route, call] { call->attempt([&] { route.answer(*this, call); }); };
      if (call->request.body.size() <= most_bytes_at_once) return answer();
      classifier_.run(answer);
    });
  } catch (...) {
    respond(with_fields(response_to_error(), fields));
  }
}

}  // namespace bart
