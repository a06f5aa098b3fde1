// The Open Inference Protocol, version 2: https://github.com/open-inference/open-inference-protocol. Its
// binary extension is Triton's.
#include <fmt/format.h>

#include <bit>
#include <iterator>

#include "bart/formats/python_json.h"
#include "bart/platform/printable.h"
#include "bart/record/version.h"
#include "routes.h"
#include "tensor_request.h"

namespace bart {
namespace {

static_assert(std::endian::native == std::endian::little, "tensors are sent with the lowest byte first");

/// Throws HttpError 404 unless the path names the model that is served, and its version if it names one.
void check_named(const Call& call) {
  const ModelCard& card = call.model->card;
  if (call.captured.at(0) != card.name) {
    throw HttpError(
        404, fmt::format("there is no model {}: there is {}", printable(call.captured[0], 200), card.name));
  }
  if (call.captured.size() > 1 && call.captured[1] != card.version) {
    throw HttpError(404, fmt::format("there is no version {} of {}: there is {}",
                                     printable(call.captured[1], 200), card.name, card.version));
  }
}

/// A tensor of the response: its JSON without its data, and the data, as bytes if it is `binary`, else as the
/// elements of a JSON list.
struct OutputTensor {
  std::string head, data;
};

OutputTensor probabilities_tensor(const std::vector<Classified>& results, std::size_t classes, bool binary) {
  OutputTensor tensor{fmt::format("\"name\": \"{}\", \"datatype\": \"FP32\", \"shape\": [{}, {}]",
                                  probabilities_output, results.size(), classes),
                      {}};
  for (const Classified& result : results) {
    const std::vector<float>& row = result.probabilities;
    if (binary) {
      tensor.data.append(reinterpret_cast<const char*>(row.data()), row.size() * sizeof(float));
      continue;
    }
    for (const float probability : row) {
      fmt::format_to(std::back_inserter(tensor.data), "{}{}", tensor.data.empty() ? "" : ", ", probability);
    }
  }
  return tensor;
}

OutputTensor class_tensor(const std::vector<Classified>& results, const std::vector<std::string>& classes,
                          bool binary) {
  OutputTensor tensor{
      fmt::format("\"name\": \"{}\", \"datatype\": \"BYTES\", \"shape\": [{}]", class_output, results.size()),
      {}};
  for (const Classified& result : results) {
    const std::string& name = classes[static_cast<std::size_t>(predicted_label(result.probabilities))];
    if (binary) {
      const auto length = static_cast<std::uint32_t>(name.size());
      tensor.data.append(reinterpret_cast<const char*>(&length), sizeof length);
      tensor.data += name;
    } else {
      tensor.data += (tensor.data.empty() ? "" : ", ") + python_json_string(name);
    }
  }
  return tensor;
}

HttpResponse response_of(const TensorRequest& request, const std::vector<Classified>& results,
                         const ServedModel& model) {
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (results[i].status != 200)
      throw HttpError(results[i].status, fmt::format("picture {}: {}", i, results[i].reason));
  }
  std::string json = fmt::format("{{\"model_name\": {}, \"model_version\": {}",
                                 python_json_string(model.card.name), python_json_string(model.card.version));
  if (request.id) json += ", \"id\": " + python_json_string(*request.id);
  json += ", \"outputs\": [";
  std::string tail;
  bool binary = false;
  for (std::size_t i = 0; i < request.outputs.size(); ++i) {
    const WantedOutput& output = request.outputs[i];
    const OutputTensor tensor = output.name == class_output
                                    ? class_tensor(results, model.classes, output.binary)
                                    : probabilities_tensor(results, model.classes.size(), output.binary);
    json += (i > 0 ? ", {" : "{") + tensor.head;
    if (output.binary) {
      json += fmt::format(", \"parameters\": {{\"binary_data_size\": {}}}}}", tensor.data.size());
      tail += tensor.data;
      binary = true;
    } else {
      json += ", \"data\": [" + tensor.data + "]}";
    }
  }
  json += "]}";
  if (!binary) return {.body = std::move(json)};
  const std::string length = std::to_string(json.size());
  return {.content_type = "application/octet-stream",
          .body = std::move(json) + tail,
          .fields = {{"Inference-Header-Content-Length", length}}};
}

}  // namespace

void answer_v2_server(Service&, const std::shared_ptr<Call>& call) {
  call->respond({.body = fmt::format(
                     "{{\"name\": \"bart\", \"version\": {}, \"extensions\": [\"binary_tensor_data\"]}}\n",
                     python_json_string(bart_version()))});
}

void answer_v2_live(Service&, const std::shared_ptr<Call>& call) {
  call->respond({.body = "{\"live\": true}\n"});
}

void answer_v2_ready(Service& service, const std::shared_ptr<Call>& call) {
  if (service.draining()) throw HttpError(503, "the server is shutting down");
  call->respond({.body = "{\"ready\": true}\n"});
}

void answer_v2_model(Service&, const std::shared_ptr<Call>& call) {
  check_named(*call);
  const ServedModel& model = *call->model;
  call->respond(
      {.body = fmt::format("{{\"name\": {}, \"versions\": [{}], \"platform\": \"bart\", \"inputs\": ["
                           "{{\"name\": \"{}\", \"datatype\": \"BYTES\", \"shape\": [-1]}}], \"outputs\": ["
                           "{{\"name\": \"{}\", \"datatype\": \"FP32\", \"shape\": [-1, {}]}}, "
                           "{{\"name\": \"{}\", \"datatype\": \"BYTES\", \"shape\": [-1]}}]}}\n",
                           python_json_string(model.card.name), python_json_string(model.card.version),
                           picture_input, probabilities_output, model.classes.size(), class_output)});
}

void answer_v2_model_ready(Service& service, const std::shared_ptr<Call>& call) {
  check_named(*call);
  if (service.draining()) throw HttpError(503, "the server is shutting down");
  call->respond({.body = fmt::format("{{\"name\": {}, \"ready\": true}}\n",
                                     python_json_string(call->model->card.name))});
}

void check_infer(const Service& service, const Call& call) {
  check_named(call);
  check_room(service);
}

void answer_infer(Service& service, const std::shared_ptr<Call>& call) {
  const auto request = std::make_shared<TensorRequest>(
      parse_tensor_request(call->request, call->model->image_size, service.limits().pictures));
  const auto done = [call, request](const std::vector<Classified>& results) {
    call->attempt([&] { call->respond(response_of(*request, results, *call->model)); });
  };
  if (!request->pixels.empty()) {
    service.metrics().add_pictures(request->pixels.size());
    return service.classifier().classify_pixels(call->model, std::move(request->pixels), call->client_left,
                                                done);
  }
  std::vector<std::span<const std::uint8_t>> files;
  for (const std::string& file : request->files)
    files.emplace_back(reinterpret_cast<const std::uint8_t*>(file.data()), file.size());
  service.metrics().add_pictures(files.size());
  service.classifier().classify(call->model, std::move(files), {.client_left = call->client_left}, done);
}

}  // namespace bart
