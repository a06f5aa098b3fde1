#pragma once

#include <future>
#include <string>
#include <utility>
#include <vector>

#include "bart/explain/grad_cam.h"
#include "bart/pictures/encode_png.h"
#include "bart/pictures/picture.h"
#include "service.h"

namespace bart {

/// A model of two classes for pictures of 4 x 4 pixels, whose probabilities are the red of the first pixel.
inline std::shared_ptr<ServedModel> red_model() {
  auto model = std::make_shared<ServedModel>();
  model->classes = {"red", "<not> \"red\""};
  model->image_size = 4;
  model->card = {.name = "test", .version = "1"};
  model->network.probabilities = [](std::span<const std::uint8_t* const> pictures) {
    std::vector<float> probabilities;
    for (const std::uint8_t* picture : pictures) {
      probabilities.push_back(static_cast<float>(picture[0]) / 255);
      probabilities.push_back(1 - probabilities.back());
    }
    return probabilities;
  };
  model->network.explain = [](const std::uint8_t*, std::size_t count) {
    Explanation explanation{.logits = {1, 0}, .classes = {0, 1}, .maps = {{1, {1}}, {1, {0}}}};
    explanation.classes.resize(std::min<std::size_t>(count, 2));
    return explanation;
  };
  return model;
}

inline std::string bytes_of(const std::vector<std::uint8_t>& bytes) {
  return {bytes.begin(), bytes.end()};
}

/// A PNG of one colour.
inline std::string png_of(std::uint8_t red, int width = 8, int height = 8) {
  Picture picture{width, height, std::vector<std::uint8_t>(static_cast<std::size_t>(width * height * 3))};
  for (std::size_t i = 0; i < picture.pixels.size(); i += 3) picture.pixels[i] = red;
  return bytes_of(encode_png(picture));
}

/// The response of a service to a request, which gets a Host and a Content-Length if it has none.
inline HttpResponse ask(Service& service, HttpRequest request) {
  if (request.count("Host") == 0) request.fields.push_back({"Host", "localhost:8000"});
  if (request.method == "POST" && request.count("Content-Length") + request.count("Transfer-Encoding") == 0)
    request.fields.push_back({"Content-Length", std::to_string(request.body.size())});
  if (auto refusal = service.refusal(request)) return *refusal;
  std::promise<HttpResponse> promise;
  service.answer(std::move(request), [&](HttpResponse response) { promise.set_value(std::move(response)); });
  return promise.get_future().get();
}

/// The value of a field; empty if the response does not have it.
inline std::string field_of(const HttpResponse& response, const std::string& name) {
  std::string value;
  for (const HttpField& field : response.fields)
    if (field.name == name) value = field.value;
  return value;
}

inline HttpResponse get(Service& service, const std::string& target, std::vector<HttpField> fields = {}) {
  return ask(service, {.method = "GET", .target = target, .fields = std::move(fields), .body = {}});
}

inline HttpResponse post(Service& service, const std::string& target, std::string body,
                         std::vector<HttpField> fields = {}) {
  return ask(service,
             {.method = "POST", .target = target, .fields = std::move(fields), .body = std::move(body)});
}

}  // namespace bart
