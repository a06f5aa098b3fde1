#include <fmt/format.h>

#include <iterator>

#include "bart/formats/python_json.h"
#include "bart/html/html.h"
#include "bart/model/prediction_text.h"
#include "bart/platform/printable.h"
#include "multipart.h"
#include "routes.h"

namespace bart {
namespace {

constexpr std::size_t default_top_k = 5;
constexpr std::size_t most_explained = 5;

struct PredictParameters {
  std::size_t top_k = default_top_k;
  ClassifyOptions classify;
};

std::size_t number(const std::string& name, const std::string& text, std::size_t least, std::size_t most) {
  const auto value = whole_number(text);
  if (!value || *value < least || *value > most)
    throw HttpError(400,
                    fmt::format("{} must be a whole number from {} to {}, not {}", name, least, most, text));
  return *value;
}

PredictParameters parameters_of(const HttpTarget& target) {
  PredictParameters parameters;
  for (const auto& [name, text] : target.query) {
    if (name == "top_k") {
      parameters.top_k = number(name, text, 1, 1'000'000);
    } else if (name == "explain") {
      parameters.classify.explained = number(name, text, 0, most_explained);
    } else if (name == "input") {
      parameters.classify.with_input = number(name, text, 0, 1) == 1;
    } else {
      throw HttpError(400, fmt::format("there is no parameter {}: there are top_k, explain and input", name));
    }
  }
  return parameters;
}

/// The media type of a body that is a picture file or a form with several. A picture is recognized by its
/// content, so its own type does not matter; the last one is what curl --data-binary says.
MediaType media_type_of(const HttpRequest& request) {
  MediaType media = parse_media_type(request.field("Content-Type").value_or(""));
  const std::string& type = media.type;
  if (type.empty() || type == "multipart/form-data" || type.starts_with("image/") ||
      type == "application/octet-stream" || type == "application/x-www-form-urlencoded") {
    return media;
  }
  throw HttpError(415,
                  "send the bytes of a picture file as image/… or application/octet-stream, or several as "
                  "multipart/form-data");
}

struct SentPicture {
  std::string name;  // empty: the body is the picture
  std::string_view file;
};

std::vector<SentPicture> pictures_of(const HttpRequest& request, std::size_t most) {
  const MediaType media = media_type_of(request);
  if (media.type != "multipart/form-data") return {{{}, request.body}};
  const auto boundary = media.parameters.find("boundary");
  std::vector<SentPicture> pictures;
  for (FormPart& part : parse_multipart(
           request.body, boundary == media.parameters.end() ? std::string_view() : boundary->second, most)) {
    if (!part.is_file) {
      throw HttpError(400, fmt::format("the field {} is not a file: parameters belong in the address, as "
                                       "in ?top_k=3",
                                       part.name));
    }
    pictures.push_back({part.file_name.empty() ? part.name : std::move(part.file_name), part.content});
  }
  if (pictures.empty()) throw HttpError(400, "the form has no picture");
  return pictures;
}

std::string data_url(std::span<const std::uint8_t> png) {
  return "data:image/png;base64," + base64(png);
}

std::string prediction_json(const SentPicture& picture, const Classified& result, const Call& call,
                            const PredictParameters& parameters) {
  std::string json = "{";
  if (!picture.name.empty()) json += "\"file\": " + python_json_string(printable(picture.name)) + ", ";
  json +=
      "\"classes\": " + json_classes(ranking(result.probabilities, call.model->classes, parameters.top_k));
  if (parameters.classify.with_input) json += ", \"input\": \"" + data_url(result.input_png) + "\"";
  if (parameters.classify.explained > 0) {
    json += ", \"explanations\": [";
    for (std::size_t k = 0; k < result.explained.size(); ++k) {
      const ExplainedClass& one = result.explained[k];
      fmt::format_to(std::back_inserter(json), "{}{{\"class\": {}, \"picture\": \"{}\"}}", k > 0 ? ", " : "",
                     python_json_string(call.model->classes.at(static_cast<std::size_t>(one.label))),
                     data_url(one.png));
    }
    json += "]";
  }
  return json + "}";
}

HttpResponse response_of(const std::vector<SentPicture>& pictures, const std::vector<Classified>& results,
                         const Call& call, const PredictParameters& parameters) {
  std::string list;
  for (std::size_t i = 0; i < pictures.size(); ++i) {
    const SentPicture& picture = pictures[i];
    if (results[i].status != 200) {
      throw HttpError(
          results[i].status, (picture.name.empty() ? std::string() : picture.name + ": ") + results[i].reason,
          results[i].status == 503 ? std::vector<HttpField>{{"Retry-After", "1"}} : std::vector<HttpField>());
    }
    list += (i > 0 ? ", " : "") + prediction_json(picture, results[i], call, parameters);
  }
  return {.body = fmt::format("{{\"model\": {{\"name\": {}, \"version\": {}}}, \"predictions\": [{}]}}\n",
                              python_json_string(call.model->card.name),
                              python_json_string(call.model->card.version), list)};
}

}  // namespace

void check_room(const Service& service) {
  if (service.classifier().is_full())
    throw HttpError(503, "too many pictures wait already: try again later", {{"Retry-After", "1"}});
}

void check_predict(const Service& service, const Call& call) {
  parameters_of(call.target);
  media_type_of(call.request);
  check_room(service);
}

void answer_predict(Service& service, const std::shared_ptr<Call>& call) {
  PredictParameters parameters = parameters_of(call->target);
  parameters.classify.client_left = call->client_left;
  std::vector<SentPicture> pictures = pictures_of(call->request, service.limits().pictures);
  std::vector<std::span<const std::uint8_t>> files;
  for (const SentPicture& picture : pictures)
    files.emplace_back(reinterpret_cast<const std::uint8_t*>(picture.file.data()), picture.file.size());
  service.metrics().add_pictures(files.size());
  service.classifier().classify(
      call->model, std::move(files), parameters.classify,
      [call, parameters, pictures = std::move(pictures)](const std::vector<Classified>& results) {
        call->attempt([&] { call->respond(response_of(pictures, results, *call, parameters)); });
      });
}

}  // namespace bart
