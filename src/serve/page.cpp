#include <string>

#include "bart/html/html.h"
#include "openapi_document.h"
#include "page_html.h"
#include "page_script.h"
#include "page_style.h"
#include "routes.h"

namespace bart {
namespace {

/// Only what this server itself sends is run or shown, and no other site may put the page into a frame.
constexpr const char* policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; media-src blob:; "
    "connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

void respond(const Call& call, const char* type, std::string text) {
  call.respond({.content_type = type,
                .body = std::move(text),
                .fields = {{"Content-Security-Policy", policy},
                           {"Referrer-Policy", "no-referrer"},
                           {"Cross-Origin-Opener-Policy", "same-origin"}}});
}

}  // namespace

void answer_page(Service&, const std::shared_ptr<Call>& call) {
  respond(*call, "text/html; charset=utf-8", page_html);
}

void answer_style(Service&, const std::shared_ptr<Call>& call) {
  respond(*call, "text/css; charset=utf-8", std::string(html_style) + serve_style);
}

void answer_script(Service&, const std::shared_ptr<Call>& call) {
  respond(*call, "text/javascript; charset=utf-8", page_script);
}

void answer_openapi(Service&, const std::shared_ptr<Call>& call) {
  call->respond({.body = openapi_document});
}

}  // namespace bart
