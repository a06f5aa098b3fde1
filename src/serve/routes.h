#pragma once

#include <memory>
#include <string_view>

#include "service.h"

namespace bart {

/// What the server does at a path.
struct Route {
  std::string_view method;  // "GET", which HEAD is answered as, or "POST"
  std::string_view
      pattern;  // "/v2/models/{model}/infer": a part in braces stands for any text without a slash
  enum class Needs { nothing, token } needs;
  void (*answer)(Service& service, const std::shared_ptr<Call>& call);
  /// Throws HttpError for what the head alone shows to be wrong; nullptr: nothing does.
  void (*check_head)(const Service& service, const Call& call) = nullptr;
};

/// The route for `call.target`, whose open parts are set in `call`. Throws HttpError 404 for a path that no
/// route has, and 405 when there is one, with another method.
const Route& find_route(Call& call);

// The routes' functions, a file each.
/// Throws HttpError 503 when no picture may wait any more.
void check_room(const Service& service);
void answer_predict(Service& service, const std::shared_ptr<Call>& call);
void check_predict(const Service& service, const Call& call);
void answer_metrics(Service& service, const std::shared_ptr<Call>& call);
void answer_model(Service& service, const std::shared_ptr<Call>& call);
void answer_example(Service& service, const std::shared_ptr<Call>& call);
void answer_report(Service& service, const std::shared_ptr<Call>& call);
void answer_page(Service& service, const std::shared_ptr<Call>& call);
void answer_style(Service& service, const std::shared_ptr<Call>& call);
void answer_script(Service& service, const std::shared_ptr<Call>& call);
void answer_openapi(Service& service, const std::shared_ptr<Call>& call);
void answer_v2_server(Service& service, const std::shared_ptr<Call>& call);
void answer_v2_live(Service& service, const std::shared_ptr<Call>& call);
void answer_v2_ready(Service& service, const std::shared_ptr<Call>& call);
void answer_v2_model(Service& service, const std::shared_ptr<Call>& call);
void answer_v2_model_ready(Service& service, const std::shared_ptr<Call>& call);
void answer_infer(Service& service, const std::shared_ptr<Call>& call);
void check_infer(const Service& service, const Call& call);

}  // namespace bart
