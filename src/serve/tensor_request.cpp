#include "tensor_request.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>

#include "bart/platform/json_extent.h"
#include "bart/platform/printable.h"

namespace bart {
namespace {

using nlohmann::json;

constexpr std::size_t most_depth = 12;
constexpr std::size_t most_containers = 1'000'000;  // parsed, each takes some 100 bytes
constexpr std::size_t most_scalars = 20'000'000;    // each of them 16, a text aside

[[noreturn]] void refuse(const std::string& why) {
  throw HttpError(400, printable(why, 500));
}

/// The length of the JSON at the beginning of the body; binary tensors follow.
std::size_t json_length(const HttpRequest& request) {
  const auto field = request.field("Inference-Header-Content-Length");
  if (!field) return request.body.size();
  const auto length = whole_number(*field);
  if (!length || *length > request.body.size())
    refuse("Inference-Header-Content-Length is not the length of the JSON at the beginning of the body");
  return *length;
}

json parse_json(std::string_view text) {
  const JsonExtent extent = json_extent(text);
  if (extent.depth > most_depth || extent.containers > most_containers || extent.scalars > most_scalars)
    refuse("the JSON has too many values or is nested too deeply");
  try {
    json parsed = json::parse(text);
    if (!parsed.is_object()) refuse("the request must be a JSON object");
    return parsed;
  } catch (const json::exception& error) {
    refuse(fmt::format("the request is not JSON: {}", error.what()));
  }
}

const json& member(const json& object, const char* name, json::value_t type) {
  const auto found = object.find(name);
  if (found == object.end() || found->type() != type)
    refuse(fmt::format("the request has no {} of the right type", name));
  return *found;
}

/// "parameters" of an object, or an empty object.
json parameters_of(const json& object) {
  const auto found = object.find("parameters");
  return found != object.end() && found->is_object() ? *found : json::object();
}

bool flag(const json& parameters, const char* name, bool otherwise) {
  const auto found = parameters.find(name);
  if (found == parameters.end()) return otherwise;
  if (!found->is_boolean()) refuse(fmt::format("{} must be true or false", name));
  return found->get<bool>();
}

std::vector<std::size_t> shape_of(const json& input) {
  std::vector<std::size_t> shape;
  for (const json& size : member(input, "shape", json::value_t::array)) {
    if (!size.is_number_unsigned() || size.get<std::uint64_t>() > 1 << 20)
      refuse("a shape must be a list of sizes");
    shape.push_back(size.get<std::size_t>());
  }
  return shape;
}

/// The scalars of data that may be nested.
void flatten(const json& data, std::vector<const json*>& values) {
  if (!data.is_array()) return values.push_back(&data);
  for (const json& one : data) flatten(one, values);
}

std::string from_base64(const std::string& text) {
  std::string bytes;
  std::uint32_t word = 0;
  int bits = 0;
  std::size_t digits = 0, padding = 0;
  for (const char c : text) {
    if (c == '=') {
      ++padding;
      continue;
    }
    static constexpr std::string_view alphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const std::size_t digit = alphabet.find(c);
    if (digit == std::string_view::npos || padding > 0) refuse("a picture in JSON must be base64");
    word = word << 6 | static_cast<std::uint32_t>(digit);
    ++digits;
    if ((bits += 6) < 8) continue;
    bits -= 8;
    bytes += static_cast<char>(word >> bits & 255);
  }
  if (digits % 4 == 1 || padding > 2) refuse("a picture in JSON must be base64");
  return bytes;
}

/// The binary tensors, which follow each other after the JSON.
class BinaryTail {
 public:
  explicit BinaryTail(std::string_view bytes) : rest_(bytes) {}
  std::string_view next(const json& size) {
    if (!size.is_number_unsigned() || size.get<std::uint64_t>() > rest_.size())
      refuse("binary_data_size is more than the bytes that follow the JSON");
    const std::string_view tensor = rest_.substr(0, size.get<std::size_t>());
    rest_.remove_prefix(tensor.size());
    return tensor;
  }
  bool empty() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

/// BYTES: each element after its length, 32 bits, the lowest byte first.
std::vector<std::string> binary_strings(std::string_view bytes, std::size_t count) {
  std::vector<std::string> strings;
  for (std::size_t i = 0; i < count; ++i) {
    if (bytes.size() < 4) refuse("a BYTES tensor ends before its last element");
    std::uint32_t length = 0;
    for (std::size_t k = 4; k-- > 0;) length = length << 8 | static_cast<std::uint8_t>(bytes[k]);
    bytes.remove_prefix(4);
    if (length > bytes.size()) refuse("a BYTES tensor ends before its last element");
    strings.emplace_back(bytes.substr(0, length));
    bytes.remove_prefix(length);
  }
  if (!bytes.empty()) refuse("a BYTES tensor has bytes after its last element");
  return strings;
}

void check_count(std::size_t pictures, std::size_t most) {
  if (pictures < 1) refuse("the request has no picture");
  if (pictures > most) throw HttpError(413, fmt::format("more than {} pictures, the limit", most));
}

void read_files(const json& input, BinaryTail& tail, std::size_t most, TensorRequest& to) {
  if (member(input, "datatype", json::value_t::string) != "BYTES")
    refuse(fmt::format("the datatype of {} is BYTES", picture_input));
  const std::vector<std::size_t> shape = shape_of(input);
  if (shape.empty() || shape.size() > 2 || (shape.size() == 2 && shape[1] != 1))
    refuse(fmt::format("the shape of {} is [n]", picture_input));
  check_count(shape[0], most);
  const json parameters = parameters_of(input);
  if (const auto size = parameters.find("binary_data_size"); size != parameters.end()) {
    to.files = binary_strings(tail.next(*size), shape[0]);
    return;
  }
  std::vector<const json*> values;
  flatten(member(input, "data", json::value_t::array), values);
  if (values.size() != shape[0]) refuse("the data does not have as many elements as the shape");
  for (const json* value : values) {
    if (!value->is_string()) refuse("a picture in JSON must be base64");
    to.files.push_back(from_base64(value->get_ref<const std::string&>()));
  }
}

void read_pixels(const json& input, BinaryTail& tail, int image_size, std::size_t most, TensorRequest& to) {
  if (member(input, "datatype", json::value_t::string) != "UINT8")
    refuse(fmt::format("the datatype of {} is UINT8", pixels_input));
  const std::vector<std::size_t> shape = shape_of(input);
  const auto side = static_cast<std::size_t>(image_size);
  if (shape.size() != 4 || shape[1] != side || shape[2] != side || shape[3] != 3)
    refuse(fmt::format("the shape of {} is [n, {}, {}, 3]", pixels_input, side, side));
  check_count(shape[0], most);
  const std::size_t each = side * side * 3;
  to.pixels.resize(shape[0]);
  const json parameters = parameters_of(input);
  if (const auto size = parameters.find("binary_data_size"); size != parameters.end()) {
    const std::string_view bytes = tail.next(*size);
    if (bytes.size() != shape[0] * each) refuse("the data does not have as many bytes as the shape");
    for (std::size_t i = 0; i < shape[0]; ++i) {
      const std::string_view one = bytes.substr(i * each, each);
      to.pixels[i].assign(one.begin(), one.end());
    }
    return;
  }
  std::vector<const json*> values;
  flatten(member(input, "data", json::value_t::array), values);
  if (values.size() != shape[0] * each) refuse("the data does not have as many elements as the shape");
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!values[i]->is_number_unsigned() || values[i]->get<std::uint64_t>() > 255)
      refuse("a pixel must be a whole number from 0 to 255");
    to.pixels[i / each].push_back(static_cast<std::uint8_t>(values[i]->get<unsigned>()));
  }
}

std::vector<WantedOutput> outputs_of(const json& request) {
  const bool binary = flag(parameters_of(request), "binary_data_output", false);
  std::vector<WantedOutput> outputs;
  const auto named = request.find("outputs");
  if (named == request.end() || (named->is_array() && named->empty()))
    return {{std::string(probabilities_output), binary}, {std::string(class_output), binary}};
  if (!named->is_array() || named->size() > 2) refuse("outputs must be a list of at most two outputs");
  for (const json& output : *named) {
    if (!output.is_object()) refuse("an output must be an object");
    const std::string name = member(output, "name", json::value_t::string);
    if (name != probabilities_output && name != class_output)
      refuse(fmt::format("there is no output {}: there are {} and {}", name, probabilities_output,
                         class_output));
    const json parameters = parameters_of(output);
    if (parameters.contains("classification"))
      refuse("the parameter classification is not supported: the output class names the best one");
    if (std::ranges::find(outputs, name, &WantedOutput::name) != outputs.end())
      refuse(fmt::format("the output {} is named twice", name));
    outputs.push_back({name, flag(parameters, "binary_data", binary)});
  }
  return outputs;
}

}  // namespace

TensorRequest parse_tensor_request(const HttpRequest& request, int image_size, std::size_t most) {
  const std::size_t length = json_length(request);
  const json parsed = parse_json(std::string_view(request.body).substr(0, length));
  BinaryTail tail(std::string_view(request.body).substr(length));
  TensorRequest result;
  if (const auto id = parsed.find("id"); id != parsed.end()) {
    if (!id->is_string()) refuse("id must be a text");
    result.id = id->get<std::string>();
  }
  const json& inputs = member(parsed, "inputs", json::value_t::array);
  if (inputs.size() != 1 || !inputs[0].is_object())
    refuse(fmt::format("the request needs one input, {} or {}", picture_input, pixels_input));
  const std::string name = member(inputs[0], "name", json::value_t::string);
  if (name == picture_input) {
    read_files(inputs[0], tail, most, result);
  } else if (name == pixels_input) {
    read_pixels(inputs[0], tail, image_size, most, result);
  } else {
    refuse(fmt::format("there is no input {}: there are {} and {}", name, picture_input, pixels_input));
  }
  if (!tail.empty()) refuse("bytes follow the last tensor");
  result.outputs = outputs_of(parsed);
  return result;
}

}  // namespace bart
