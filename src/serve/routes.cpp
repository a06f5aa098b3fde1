#include "routes.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "bart/platform/printable.h"

namespace bart {
namespace {

void answer_healthy(Service&, const std::shared_ptr<Call>& call) {
  call->respond({.body = "{\"status\": \"ok\"}\n"});
}

void answer_ready(Service& service, const std::shared_ptr<Call>& call) {
  if (service.draining()) throw HttpError(503, "the server is shutting down");
  call->respond({.body = "{\"status\": \"ready\"}\n"});
}

constexpr Route all[] = {
    {"POST", "/v1/predict", Route::Needs::token, answer_predict, check_predict},
    {"GET", "/v1/model", Route::Needs::token, answer_model},
    {"GET", "/v1/model/examples/{class}", Route::Needs::token, answer_example},
    {"GET", "/v1/model/report", Route::Needs::token, answer_report},
    {"GET", "/", Route::Needs::nothing, answer_page},
    {"GET", "/style.css", Route::Needs::nothing, answer_style},
    {"GET", "/script.js", Route::Needs::nothing, answer_script},
    {"GET", "/openapi.json", Route::Needs::nothing, answer_openapi},
    {"GET", "/healthz", Route::Needs::nothing, answer_healthy},
    {"GET", "/readyz", Route::Needs::nothing, answer_ready},
    {"GET", "/v2", Route::Needs::token, answer_v2_server},
    {"GET", "/v2/health/live", Route::Needs::nothing, answer_v2_live},
    {"GET", "/v2/health/ready", Route::Needs::nothing, answer_v2_ready},
    {"GET", "/v2/models/{model}", Route::Needs::token, answer_v2_model},
    {"GET", "/v2/models/{model}/ready", Route::Needs::token, answer_v2_model_ready},
    {"POST", "/v2/models/{model}/infer", Route::Needs::token, answer_infer, check_infer},
    {"GET", "/v2/models/{model}/versions/{version}", Route::Needs::token, answer_v2_model},
    {"GET", "/v2/models/{model}/versions/{version}/ready", Route::Needs::token, answer_v2_model_ready},
    {"POST", "/v2/models/{model}/versions/{version}/infer", Route::Needs::token, answer_infer, check_infer},
    {"GET", "/metrics", Route::Needs::token, answer_metrics},
};

std::string_view next_part(std::string_view& path) {
  const std::string_view part = path.substr(0, path.find('/'));
  path.remove_prefix(std::min(part.size() + 1, path.size()));
  return part;
}

bool matches(std::string_view pattern, std::string_view path, std::vector<std::string>& captured) {
  captured.clear();
  if (std::ranges::count(pattern, '/') != std::ranges::count(path, '/')) return false;
  while (!pattern.empty() || !path.empty()) {
    const std::string_view wanted = next_part(pattern), part = next_part(path);
    if (!wanted.starts_with('{')) {
      if (wanted != part) return false;
    } else {
      if (part.empty()) return false;
      captured.emplace_back(part);
    }
  }
  return true;
}

}  // namespace

const Route& find_route(Call& call) {
  const std::string& method = call.request.method;
  std::string allowed;
  for (const Route& route : all) {
    if (!matches(route.pattern, call.target.path, call.captured)) continue;
    if (route.method == method || (route.method == "GET" && method == "HEAD")) return route;
    allowed += allowed.empty() ? "" : ", ";
    allowed += route.method == "GET" ? "GET, HEAD" : route.method;
  }
  if (allowed.empty()) {
    throw HttpError(404, fmt::format("there is nothing at {}: docs/serve.md lists what there is",
                                     printable(call.target.path, 200)));
  }
  throw HttpError(405, fmt::format("{} takes {}, not {}", call.target.path, allowed, printable(method, 40)),
                  {{"Allow", allowed}});
}

}  // namespace bart
