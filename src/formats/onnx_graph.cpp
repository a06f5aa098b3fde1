#include "onnx_graph.h"

#include <bit>

namespace bart {

static_assert(std::endian::native == std::endian::little, "raw_data of ONNX is little-endian");

onnx::NodeProto& add_node(onnx::GraphProto& graph, const char* operation,
                          std::initializer_list<std::string> inputs, const std::string& output) {
  onnx::NodeProto& node = *graph.add_node();
  for (const std::string& input : inputs) node.add_input(input);
  node.add_output(output);
  node.set_name(output);
  node.set_op_type(operation);
  return node;
}

namespace {

onnx::AttributeProto& add_attribute(onnx::NodeProto& node, const char* name,
                                    onnx::AttributeProto::AttributeType type) {
  onnx::AttributeProto& attribute = *node.add_attribute();
  attribute.set_name(name);
  attribute.set_type(type);
  return attribute;
}

}  // namespace

void set_attribute(onnx::NodeProto& node, const char* name, std::int64_t value) {
  add_attribute(node, name, onnx::AttributeProto::INT).set_i(value);
}

void set_attribute(onnx::NodeProto& node, const char* name, float value) {
  add_attribute(node, name, onnx::AttributeProto::FLOAT).set_f(value);
}

void set_attribute(onnx::NodeProto& node, const char* name, std::initializer_list<std::int64_t> values) {
  onnx::AttributeProto& attribute = add_attribute(node, name, onnx::AttributeProto::INTS);
  for (const std::int64_t value : values) attribute.add_ints(value);
}

onnx::TensorProto& add_tensor(onnx::GraphProto& graph, const std::string& name,
                              onnx::TensorProto::DataType type, const std::vector<std::int64_t>& shape) {
  onnx::TensorProto& tensor = *graph.add_initializer();
  tensor.set_name(name);
  tensor.set_data_type(type);
  for (const std::int64_t size : shape) tensor.add_dims(size);
  return tensor;
}

void describe(onnx::ValueInfoProto& value, const std::string& name, onnx::TensorProto::DataType type,
              std::initializer_list<Dimension> shape) {
  value.set_name(name);
  onnx::TypeProto::Tensor& tensor = *value.mutable_type()->mutable_tensor_type();
  tensor.set_elem_type(type);
  for (const Dimension& dimension : shape) {
    onnx::TensorShapeProto::Dimension& added = *tensor.mutable_shape()->add_dim();
    if (dimension.name.empty()) {
      added.set_dim_value(dimension.size);
    } else {
      added.set_dim_param(dimension.name);
    }
  }
}

}  // namespace bart
