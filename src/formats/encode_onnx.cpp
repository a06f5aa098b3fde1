#include <fmt/format.h>
#include <onnx/checker.h>
#include <onnx/onnx_pb.h>

#include <nlohmann/json.hpp>

#include "bart/formats/model_metadata.h"
#include "bart/formats/onnx.h"
#include "bart/network/architecture.h"
#include "bart/platform/error.h"
#include "half.h"
#include "onnx_graph.h"
#include "onnx_layout.h"
#include "onnx_preprocessing.h"

namespace bart {
namespace {

/// Adds the values of a tensor under its own name and returns the name of the float32 value: the tensor's,
/// or that of a cast where it is stored as float16.
std::string add_parameter(onnx::GraphProto& graph, const StateDict& state, const std::string& name,
                          bool half) {
  const Tensor& tensor = *find_tensor(state, name);
  if (!half || !is_half_weight(tensor)) {
    const std::vector<float>& values = tensor.floats();
    add_tensor(graph, name, onnx::TensorProto::FLOAT, tensor.shape)
        .set_raw_data(values.data(), values.size() * sizeof(float));
    return name;
  }
  add_tensor(graph, name, onnx::TensorProto::FLOAT16, tensor.shape).set_raw_data(half_bytes(tensor));
  const std::string cast = name + ".float32";
  set_attribute(add_node(graph, "Cast", {name}, cast), "to", std::int64_t{onnx::TensorProto::FLOAT});
  return cast;
}

/// Adds the layer's nodes, reading the value `input`, and returns the name of its output. Dropout is nothing
/// outside of training.
std::string add_layer(onnx::GraphProto& graph, const Layer& layer, const std::string& input,
                      const StateDict& state, bool half) {
  const auto parameter = [&](const char* name) {
    return add_parameter(graph, state, layer.name + "." + name, half);
  };
  switch (layer.kind) {
    case LayerKind::convolution: {
      onnx::NodeProto& node =
          add_node(graph, "Conv", {input, parameter("weight"), parameter("bias")}, layer.name);
      set_attribute(node, "kernel_shape", {3, 3});
      set_attribute(node, "pads", {1, 1, 1, 1});
      return layer.name;
    }
    case LayerKind::batch_norm: {
      onnx::NodeProto& node = add_node(graph, "BatchNormalization",
                                       {input, parameter("weight"), parameter("bias"),
                                        parameter("running_mean"), parameter("running_var")},
                                       layer.name);
      set_attribute(node, "epsilon", 1e-5f);
      return layer.name;
    }
    case LayerKind::relu:
      add_node(graph, "Relu", {input}, layer.name);
      return layer.name;
    case LayerKind::max_pool: {
      onnx::NodeProto& node = add_node(graph, "MaxPool", {input}, layer.name);
      set_attribute(node, "kernel_shape", {2, 2});
      set_attribute(node, "strides", {2, 2});
      return layer.name;
    }
    case LayerKind::flatten:
      add_node(graph, "Flatten", {input}, layer.name);
      return layer.name;
    case LayerKind::linear: {
      onnx::NodeProto& node =
          add_node(graph, "Gemm", {input, parameter("weight"), parameter("bias")}, layer.name);
      set_attribute(node, "transB", std::int64_t{1});
      return layer.name;
    }
    case LayerKind::dropout2d:
    case LayerKind::dropout:
      return input;
  }
  throw Error("unknown layer");
}

void add_metadata(onnx::ModelProto& model, const char* key, const std::string& value) {
  onnx::StringStringEntryProto& entry = *model.add_metadata_props();
  entry.set_key(key);
  entry.set_value(value);
}

/// num_batches_tracked of every BatchNorm: no part of the graph, kept for whoever trains on.
std::string counters(const StateDict& state) {
  auto object = nlohmann::json::object();
  for (const Tensor& tensor : state) {
    if (const auto* values = std::get_if<std::vector<std::int64_t>>(&tensor.values)) {
      object[tensor.name] = values->at(0);
    }
  }
  return object.dump();
}

}  // namespace

std::vector<std::uint8_t> encode_onnx(const StateDict& state, const std::vector<std::string>& classes,
                                      const OnnxOptions& options) {
  const Architecture architecture = architecture_of(state);
  if (static_cast<std::size_t>(architecture.classes) != classes.size()) {
    throw Error(
        fmt::format("the network has {} classes, but {} are named", architecture.classes, classes.size()));
  }
  if (options.opset < oldest_opset || options.opset > newest_opset) {
    throw Error(fmt::format("ONNX models are written in opset {} to {}, not {}", oldest_opset, newest_opset,
                            options.opset));
  }
  onnx::ModelProto model;
  model.set_ir_version(onnx_layout::ir_version(options.opset));
  model.set_producer_name(onnx_layout::producer);
  model.set_model_version(onnx_layout::version);
  onnx::OperatorSetIdProto& operators = *model.add_opset_import();
  operators.set_domain("");
  operators.set_version(options.opset);

  onnx::GraphProto& graph = *model.mutable_graph();
  graph.set_name("BART");
  const std::int64_t size = architecture.image_size;
  std::string value = "images";
  if (options.with_preprocessing) {
    describe(*graph.add_input(), "image", onnx::TensorProto::UINT8, {"height", "width", 3});
    add_preprocessing(graph, "image", value, architecture.image_size);
  } else {
    describe(*graph.add_input(), value, onnx::TensorProto::FLOAT, {"batch", 3, size, size});
  }
  for (const Layer& layer : layers_of(architecture)) {
    value = add_layer(graph, layer, value, state, options.half);
  }
  set_attribute(add_node(graph, "Softmax", {value}, "probabilities"), "axis", std::int64_t{1});
  if (options.with_preprocessing) {
    describe(*graph.add_output(), "probabilities", onnx::TensorProto::FLOAT, {1, architecture.classes});
  } else {
    describe(*graph.add_output(), "probabilities", onnx::TensorProto::FLOAT, {"batch", architecture.classes});
  }

  add_metadata(model, classes_key, classes_text(classes));
  add_metadata(model, image_size_key, std::to_string(size));
  add_metadata(model, preprocessing_key,
               options.with_preprocessing ? "in the graph: any RGB picture as uint8 [height, width, 3]"
                                          : preprocessing_text(architecture.image_size));
  if (!options.exif_orientation) add_metadata(model, exif_orientation_key, exif_ignored);
  // Last, so that every truncated file lacks something that reading needs.
  add_metadata(model, onnx_layout::counters_key, counters(state));

  try {
    onnx::checker::check_model(model);
  } catch (const std::exception& error) {
    throw Error(fmt::format("the exported model is no valid ONNX: {}", error.what()));
  }
  std::vector<std::uint8_t> bytes(model.ByteSizeLong());
  if (bytes.size() > onnx_layout::max_bytes ||
      !model.SerializeToArray(bytes.data(), static_cast<int>(bytes.size()))) {
    throw Error("the model is larger than the 2 GB that an ONNX file can hold");
  }
  return bytes;
}

}  // namespace bart
