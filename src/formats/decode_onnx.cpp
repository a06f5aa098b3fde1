#include <fmt/format.h>
#include <fmt/ranges.h>
#include <onnx/onnx_pb.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <map>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "bart/formats/model_metadata.h"
#include "bart/formats/onnx.h"
#include "bart/network/architecture.h"
#include "bart/platform/error.h"
#include "half.h"
#include "onnx_layout.h"
#include "onnx_preprocessing.h"
#include "protobuf_reader.h"

namespace bart {
namespace {

constexpr std::size_t max_rank = 4;
constexpr std::size_t max_tensors = 1000;  // the deepest network has under 200
constexpr std::size_t max_counters_text = std::size_t{1} << 16;

/// The parts of a TensorProto that BART writes, where they lie in the file.
struct StoredTensor {
  std::string_view name;
  std::vector<std::int64_t> shape;
  std::int64_t data_type = 0;
  std::span<const std::uint8_t> data;
};

/// The parts of a ModelProto that matter for reading. The nodes do not: BART's graphs all compute its
/// network.
struct StoredModel {
  std::string_view producer;
  std::int64_t version = 0;
  std::vector<StoredTensor> tensors;
  std::string_view classes, counters;  // JSON
  std::string_view exif_orientation;
};

void add_dimensions(StoredTensor& tensor, const ProtobufField& field) {
  if (field.bytes.empty()) {
    tensor.shape.push_back(static_cast<std::int64_t>(field.value));
  } else {
    for (ProtobufReader packed(field.bytes); !packed.at_end() && tensor.shape.size() <= max_rank;) {
      tensor.shape.push_back(static_cast<std::int64_t>(packed.varint()));
    }
  }
  if (tensor.shape.size() > max_rank) {
    throw Error(fmt::format("a tensor has more than {} dimensions", max_rank));
  }
}

StoredTensor find_parts(std::span<const std::uint8_t> message) {
  StoredTensor tensor;
  ProtobufReader reader(message);
  while (const auto field = reader.next()) {
    switch (field->number) {
      case onnx::TensorProto::kDimsFieldNumber:
        add_dimensions(tensor, *field);
        break;
      case onnx::TensorProto::kDataTypeFieldNumber:
        tensor.data_type = static_cast<std::int64_t>(field->value);
        break;
      case onnx::TensorProto::kNameFieldNumber:
        tensor.name = field->text();
        break;
      case onnx::TensorProto::kRawDataFieldNumber:
        tensor.data = field->bytes;
        break;
    }
  }
  return tensor;
}

void find_tensors(StoredModel& model, std::span<const std::uint8_t> graph) {
  ProtobufReader reader(graph);
  while (const auto field = reader.next()) {
    if (field->number != onnx::GraphProto::kInitializerFieldNumber) continue;
    if (model.tensors.size() == max_tensors) {
      throw Error(fmt::format("the ONNX model has more than {} tensors", max_tensors));
    }
    model.tensors.push_back(find_parts(field->bytes));
  }
}

void find_metadata(StoredModel& model, std::span<const std::uint8_t> entry) {
  std::string_view key, value;
  ProtobufReader reader(entry);
  while (const auto field = reader.next()) {
    if (field->number == onnx::StringStringEntryProto::kKeyFieldNumber) key = field->text();
    if (field->number == onnx::StringStringEntryProto::kValueFieldNumber) value = field->text();
  }
  if (key == classes_key) model.classes = value;
  if (key == exif_orientation_key) model.exif_orientation = value;
  if (key == onnx_layout::counters_key) model.counters = value;
}

StoredModel find_parts_of_model(std::span<const std::uint8_t> file) {
  StoredModel model;
  ProtobufReader reader(file);
  while (const auto field = reader.next()) {
    switch (field->number) {
      case onnx::ModelProto::kProducerNameFieldNumber:
        model.producer = field->text();
        break;
      case onnx::ModelProto::kModelVersionFieldNumber:
        model.version = static_cast<std::int64_t>(field->value);
        break;
      case onnx::ModelProto::kGraphFieldNumber:
        find_tensors(model, field->bytes);
        break;
      case onnx::ModelProto::kMetadataPropsFieldNumber:
        find_metadata(model, field->bytes);
        break;
    }
  }
  return model;
}

/// The number of values in a tensor of `size` bytes each: what its shape says, once that is known to be
/// there.
std::size_t checked_count(const StoredTensor& tensor, std::size_t size) {
  std::size_t bytes = size;
  bool fits = true;
  for (const std::int64_t dimension : tensor.shape) {
    fits = fits && dimension > 0 && static_cast<std::uint64_t>(dimension) <= tensor.data.size() / bytes;
    if (fits) bytes *= static_cast<std::size_t>(dimension);
  }
  if (!fits || bytes != tensor.data.size()) {
    throw Error(fmt::format("tensor {} has {} bytes of data, which is not what its shape {} takes",
                            tensor.name, tensor.data.size(), tensor.shape));
  }
  return bytes / size;
}

Tensor read_tensor(const StoredTensor& tensor) {
  std::vector<float> values;
  switch (tensor.data_type) {
    case onnx::TensorProto::FLOAT:
      values.resize(checked_count(tensor, sizeof(float)));
      std::memcpy(values.data(), tensor.data.data(), tensor.data.size());
      break;
    case onnx::TensorProto::FLOAT16:
      values.resize(checked_count(tensor, sizeof(std::uint16_t)));
      for (std::size_t i = 0; i < values.size(); ++i) {
        values[i] =
            float_from_half(static_cast<std::uint16_t>(tensor.data[2 * i] | tensor.data[2 * i + 1] << 8));
      }
      break;
    default:
      throw Error(fmt::format("tensor {} is of ONNX data type {}; float32 and float16 can be read",
                              tensor.name, tensor.data_type));
  }
  return {std::string(tensor.name), tensor.shape, std::move(values)};
}

std::map<std::string, std::int64_t> read_counters(std::string_view text) {
  const nlohmann::json json = text.size() <= max_counters_text
                                  ? nlohmann::json::parse(text, nullptr, false)
                                  : nlohmann::json(nlohmann::json::value_t::discarded);
  const bool whole_numbers =
      json.is_object() && std::ranges::all_of(json, [](const nlohmann::json& count) {
        return count.is_number_integer() &&
               (!count.is_number_unsigned() || count.get<std::uint64_t>() <= std::uint64_t{INT64_MAX});
      });
  if (whole_numbers) return json;
  throw Error(fmt::format("\"{}\" in the metadata of the ONNX model is not what BART writes there",
                          onnx_layout::counters_key));
}

}  // namespace

OnnxModel decode_onnx(std::span<const std::uint8_t> file) {
  const StoredModel stored = find_parts_of_model(file);
  if (stored.producer != onnx_layout::producer) {
    throw Error(fmt::format("an ONNX model made by {}; only those that BART exported can be read",
                            stored.producer.empty() ? "another program" : stored.producer));
  }
  if (stored.version != onnx_layout::version) {
    throw Error(fmt::format("an ONNX model of BART's layout {}, where layout {} is known: use a newer BART",
                            stored.version, onnx_layout::version));
  }
  OnnxModel model;
  model.classes = classes_of_text(stored.classes);
  model.exif_orientation = stored.exif_orientation != exif_ignored;
  for (const StoredTensor& tensor : stored.tensors) {
    if (!tensor.name.starts_with(preprocessing_prefix)) model.state.push_back(read_tensor(tensor));
  }
  for (const auto& [name, count] : read_counters(stored.counters)) {
    model.state.push_back({name, {}, std::vector<std::int64_t>{count}});
  }

  const Architecture architecture = architecture_of(model.state);
  if (static_cast<std::size_t>(architecture.classes) != model.classes.size()) {
    throw Error(fmt::format("the network has {} classes, but {} are named", architecture.classes,
                            model.classes.size()));
  }
  model.state = in_pytorch_order(std::move(model.state));  // the counters came last
  return model;
}

}  // namespace bart
