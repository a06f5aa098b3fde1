#pragma once

#include <onnx/onnx_pb.h>

#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

namespace bart {

// Shorthand for building an ONNX graph. Values are known by name, as in ONNX itself.

/// Appends a node that computes `output` from `inputs` (an empty name leaves an optional input out).
onnx::NodeProto& add_node(onnx::GraphProto& graph, const char* operation,
                          std::initializer_list<std::string> inputs, const std::string& output);

void set_attribute(onnx::NodeProto& node, const char* name, std::int64_t value);
void set_attribute(onnx::NodeProto& node, const char* name, float value);
void set_attribute(onnx::NodeProto& node, const char* name, std::initializer_list<std::int64_t> values);

/// Appends an empty tensor under graph.initializer, for its raw_data to be filled in (little-endian).
onnx::TensorProto& add_tensor(onnx::GraphProto& graph, const std::string& name,
                              onnx::TensorProto::DataType type, const std::vector<std::int64_t>& shape);

/// Appends a scalar constant.
template <typename Value>
void add_scalar(onnx::GraphProto& graph, const std::string& name, onnx::TensorProto::DataType type,
                Value value) {
  add_tensor(graph, name, type, {}).set_raw_data(&value, sizeof value);
}

/// Describes an input or output: a dimension is a number, or a name where it may vary.
struct Dimension {
  Dimension(std::int64_t fixed) : size(fixed) {}
  Dimension(const char* variable) : name(variable) {}
  std::int64_t size = 0;
  std::string name;
};
void describe(onnx::ValueInfoProto& value, const std::string& name, onnx::TensorProto::DataType type,
              std::initializer_list<Dimension> shape);

}  // namespace bart
