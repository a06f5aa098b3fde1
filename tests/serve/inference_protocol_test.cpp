// The Open Inference Protocol, as tritonclient and kserve speak it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <nlohmann/json.hpp>

#include "asking.h"
#include "bart/html/html.h"

namespace bart {
namespace {

using nlohmann::json;
using testing::HasSubstr;

class InferenceProtocol : public testing::Test {
 protected:
  HttpResponse infer(const json& request, const std::string& binary = {}, const std::string& model = "test") {
    const std::string text = request.dump();
    std::vector<HttpField> fields;
    if (!binary.empty()) fields.push_back({"Inference-Header-Content-Length", std::to_string(text.size())});
    return post(service_, "/v2/models/" + model + "/infer", text + binary, std::move(fields));
  }

  Service service_{red_model(), {.limits = {.pictures = 3}}, 2};
};

json input_of(const std::string& name, const std::string& type, const json& shape, const json& data) {
  return {{"inputs", {{{"name", name}, {"datatype", type}, {"shape", shape}, {"data", data}}}}};
}

std::string base64_of(const std::string& bytes) {
  return base64({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
}

std::string with_length(const std::string& bytes) {
  const auto length = static_cast<std::uint32_t>(bytes.size());
  return std::string(reinterpret_cast<const char*>(&length), 4) + bytes;
}

TEST_F(InferenceProtocol, DescribesServerAndModel) {
  EXPECT_EQ(json::parse(get(service_, "/v2").body)["extensions"][0], "binary_tensor_data");
  EXPECT_EQ(get(service_, "/v2/health/live").status, 200);
  EXPECT_EQ(get(service_, "/v2/health/ready").status, 200);
  for (const char* path : {"/v2/models/test", "/v2/models/test/versions/1"}) {
    const json model = json::parse(get(service_, path).body);
    EXPECT_EQ(model["versions"][0], "1");
    EXPECT_EQ(model["inputs"][0]["name"], "picture");
    EXPECT_EQ(model["outputs"][0]["shape"], json({-1, 2}));
    EXPECT_EQ(get(service_, std::string(path) + "/ready").status, 200);
  }
  for (const char* path :
       {"/v2/models/other", "/v2/models/test/versions/2", "/v2/models/other/ready", "/v2/models/"})
    EXPECT_EQ(get(service_, path).status, 404) << path;
  EXPECT_EQ(infer(input_of("picture", "BYTES", {1}, {base64_of(png_of(1))}), {}, "other").status, 404);
  service_.set_draining();
  EXPECT_EQ(get(service_, "/v2/health/ready").status, 503);
}

TEST_F(InferenceProtocol, ClassifiesFilesAndPixelsInJson) {
  json request = input_of("picture", "BYTES", {2}, {base64_of(png_of(255)), base64_of(png_of(51))});
  request["id"] = "7";
  const HttpResponse response = infer(request);
  ASSERT_EQ(response.status, 200) << response.body;
  EXPECT_EQ(
      response.body,
      "{\"model_name\": \"test\", \"model_version\": \"1\", \"id\": \"7\", \"outputs\": ["
      "{\"name\": \"probabilities\", \"datatype\": \"FP32\", \"shape\": [2, 2], \"data\": [1, 0, 0.2, 0.8]}, "
      "{\"name\": \"class\", \"datatype\": \"BYTES\", \"shape\": [2], \"data\": [\"red\", \"<not> "
      "\\\"red\\\"\"]}]}");
  json pixels = json::array();
  for (int i = 0; i < 48; ++i) pixels.push_back(i == 0 ? 51 : 200);
  json of_pixels = input_of("pixels", "UINT8", {1, 4, 4, 3}, pixels);
  of_pixels["outputs"] = {{{"name", "class"}}};
  EXPECT_EQ(
      json::parse(infer(of_pixels).body)["outputs"],
      json::parse(R"([{"name": "class", "datatype": "BYTES", "shape": [1], "data": ["<not> \"red\""]}])"));
}

/// The length of the JSON at the beginning of a response with binary tensors.
std::size_t json_length(const HttpResponse& response) {
  return std::stoul("0" + field_of(response, "Inference-Header-Content-Length"));
}

TEST_F(InferenceProtocol, ClassifiesBinaryTensorsIntoBinaryTensors) {
  const std::string files = with_length(png_of(255)) + with_length(png_of(51));
  json request = {
      {"inputs",
       {{{"name", "picture"},
         {"datatype", "BYTES"},
         {"shape", {2, 1}},
         {"parameters", {{"binary_data_size", files.size()}}}}}},
      {"outputs",
       {{{"name", "class"}, {"parameters", {{"binary_data", false}}}}, {{"name", "probabilities"}}}},
      {"parameters", {{"binary_data_output", true}}}};
  const HttpResponse response = infer(request, files);
  ASSERT_EQ(response.status, 200) << response.body;
  const std::size_t length = json_length(response);
  ASSERT_GT(length, 0u);
  const json head = json::parse(response.body.substr(0, length));
  EXPECT_EQ(head["outputs"][0]["data"][0], "red");
  EXPECT_EQ(head["outputs"][1]["parameters"]["binary_data_size"], 16);
  ASSERT_EQ(response.body.size(), length + 16);
  float probabilities[4];
  std::memcpy(probabilities, response.body.data() + length, sizeof probabilities);
  EXPECT_EQ(probabilities[0], 1);
  EXPECT_EQ(probabilities[2], 0.2f);
  request["outputs"] = {{{"name", "class"}}};
  const HttpResponse classes = infer(request, files);
  ASSERT_EQ(classes.status, 200) << classes.body;
  EXPECT_EQ(classes.body.substr(json_length(classes)), with_length("red") + with_length("<not> \"red\""));
}

TEST_F(InferenceProtocol, WrongRequestsAreRefusedInASentence) {
  const std::string png = base64_of(png_of(1));
  const json good = input_of("picture", "BYTES", {1}, {png});
  ASSERT_EQ(infer(good).status, 200);
  const auto changed = [&](const char* pointer, const json& value) {
    json request = good;
    request[json::json_pointer(pointer)] = value;
    return request;
  };
  const json wrong[] = {
      json::object(),
      json::array(),
      changed("/inputs", json::array()),
      changed("/inputs", "picture"),
      changed("/inputs/0", 1),
      changed("/inputs/1", good["inputs"][0]),
      changed("/inputs/0/name", "other"),
      changed("/inputs/0/name", nullptr),
      changed("/inputs/0/datatype", "FP32"),
      changed("/inputs/0/shape", {2}),
      changed("/inputs/0/shape", {0}),
      changed("/inputs/0/shape", {-1}),
      changed("/inputs/0/shape", {1.5}),
      changed("/inputs/0/shape", {1, 2}),
      changed("/inputs/0/shape", {1'000'000'000'000}),
      changed("/inputs/0/data", {1}),
      changed("/inputs/0/data", {"not base64!"}),
      changed("/inputs/0/data", {"aaaaa"}),
      changed("/inputs/0/data", {"aGVsbG8="}),  // no picture
      changed("/inputs/0/parameters", {{"binary_data_size", 5}}),
      changed("/id", 7),
      changed("/outputs", {{{"name", "other"}}}),
      changed("/outputs", {{{"name", "class"}}, {{"name", "class"}}}),
      changed("/outputs", {{{"name", "class"}, {"parameters", {{"classification", 2}}}}}),
      changed("/outputs", {{{"name", "class"}, {"parameters", {{"binary_data", "yes"}}}}}),
      input_of("pixels", "UINT8", {1, 4, 4, 3}, {1, 2, 3}),
      input_of("pixels", "UINT8", {1, 5, 4, 3}, {1, 2, 3}),
      input_of("pixels", "UINT8", {1, 4, 4, 3}, std::vector<int>(48, 256)),
      input_of("pixels", "UINT8", {1, 4, 4, 3}, std::vector<double>(48, 0.5)),
  };
  for (const json& request : wrong) {
    const HttpResponse response = infer(request);
    EXPECT_EQ(response.status, 400) << request.dump().substr(0, 200) << response.body;
    EXPECT_FALSE(json::parse(response.body)["error"].get<std::string>().empty());
  }
  EXPECT_EQ(infer(input_of("picture", "BYTES", {4}, {png, png, png, png})).status, 413);
  EXPECT_EQ(post(service_, "/v2/models/test/infer", "{\"inputs\": [").status, 400);
  EXPECT_EQ(post(service_, "/v2/models/test/infer", std::string(100000, '[')).status, 400);
  EXPECT_EQ(
      post(service_, "/v2/models/test/infer", good.dump(), {{"Inference-Header-Content-Length", "9999999"}})
          .status,
      400);
  EXPECT_EQ(infer(good, "bytes after it").status, 400);
}

/// {"x": [{}, {}, ...]}.
std::string empty_objects(std::size_t count) {
  std::string text = "{\"x\": [{}";
  for (std::size_t i = 1; i < count; ++i) text += ",{}";
  return text + "]}";
}

TEST_F(InferenceProtocol, ManySmallObjectsCostNeitherMinutesNorGigabytes) {
  EXPECT_THAT(post(service_, "/v2/models/test/infer", empty_objects(900'000)).body, HasSubstr("no inputs"));
  EXPECT_THAT(post(service_, "/v2/models/test/infer", empty_objects(1'000'000)).body,
              HasSubstr("too many values"));
}

TEST_F(InferenceProtocol, OpenApiNamesEveryPath) {
  const json document = json::parse(get(service_, "/openapi.json").body);
  for (const auto& [path, operations] : document["paths"].items()) {
    for (const auto& [method, operation] : operations.items()) {
      std::string target = path;
      for (const auto& [open, value] : {std::pair("{model}", "test"), std::pair("{class}", "0")}) {
        if (const std::size_t at = target.find(open); at != std::string::npos)
          target.replace(at, std::strlen(open), value);
      }
      const int status = method == "post" ? post(service_, target, "x").status : get(service_, target).status;
      EXPECT_NE(status, 405) << path;
      if (method == "post") {
        EXPECT_EQ(status, 400) << path;
      }
    }
  }
  EXPECT_THAT(get(service_, "/").body, HasSubstr("<script src=\"script.js\" defer>"));
  for (const HttpField& field : get(service_, "/").fields) {
    if (field.name == "Content-Security-Policy") {
      EXPECT_THAT(field.value, testing::Not(HasSubstr("unsafe-inline")));
    }
  }
  EXPECT_THAT(get(service_, "/").fields,
              testing::Contains(testing::Field(&HttpField::name, "Content-Security-Policy")));
}

}  // namespace
}  // namespace bart
