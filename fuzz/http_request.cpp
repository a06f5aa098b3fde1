// Requests to bart serve, in the pieces in which they come: bytes that are not a request get a status, a
// request gets a response, and neither is the server's fault.
#include <boost/asio/buffer.hpp>
#include <cstddef>
#include <cstdint>
#include <future>
#include <memory>
#include <optional>

#include "beast_request.h"
#include "require.h"
#include "service.h"

namespace {

namespace http = boost::beast::http;

bart::Service& service() {
  static const std::unique_ptr<bart::Service> one = [] {
    auto model = std::make_shared<bart::ServedModel>();
    model->classes = {"a", "b"};
    model->image_size = 2;
    model->card.version = "1";
    model->network.probabilities = [](std::span<const std::uint8_t* const> pictures) {
      return std::vector<float>(2 * pictures.size(), 0.5f);
    };
    model->network.explain = [](const std::uint8_t*, std::size_t count) {
      bart::Explanation explanation{.logits = {0, 0}, .classes = {0, 1}, .maps = {{1, {1}}, {1, {0}}}};
      explanation.classes.resize(std::min<std::size_t>(count, 2));
      return explanation;
    };
    bart::ServerOptions options;
    options.limits.body_bytes = 1 << 16;
    options.limits.pictures = 4;
    return std::make_unique<bart::Service>(std::move(model), options, 1);
  }();
  return *one;
}

void check(const bart::HttpResponse& response) {
  REQUIRE(response.status >= 200 && response.status < 500);
  REQUIRE(response.status == 204 || !response.body.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  // The first byte says in which pieces the others come.
  const std::size_t piece = data[0] == 0 ? size : data[0];
  ++data;
  --size;
  bart::RequestParser parser;
  bart::set_limits(parser, service().limits().body_bytes);
  parser.eager(true);
  std::size_t begin = 0, end = 0;
  boost::beast::error_code error;
  while (!parser.is_done()) {
    if (end == size) return 0;  // the connection waits for more
    end = std::min(size, end + piece);
    begin += parser.put(boost::asio::buffer(data + begin, end - begin), error);
    if (error == http::error::need_more) error = {};
    if (error) {
      const bart::HttpResponse response = bart::response_to(error, service().limits().body_bytes);
      REQUIRE((response.status >= 400 && response.status < 500) || response.status == 505);
      return 0;
    }
  }
  if (const auto refusal = service().refusal(bart::request_of(parser, false))) {
    check(*refusal);
    return 0;
  }
  std::promise<bart::HttpResponse> promise;
  service().answer(bart::request_of(parser, true),
                   [&](bart::HttpResponse response) { promise.set_value(std::move(response)); });
  check(promise.get_future().get());
  return 0;
}
