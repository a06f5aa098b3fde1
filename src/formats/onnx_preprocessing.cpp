#include "onnx_preprocessing.h"

#include <cstdint>
#include <vector>

#include "onnx_graph.h"

namespace bart {
namespace {

using Type = onnx::TensorProto;

constexpr std::int32_t fraction = 1 << 22;  // one, in Pillow's fixed point

std::string named(const std::string& name) {
  return preprocessing_prefix + name;
}

/// Adds nodes to one graph or branch, all values under a common prefix.
class Nodes {
 public:
  Nodes(onnx::GraphProto& graph, const std::string& prefix) : graph_(graph), prefix_(named(prefix) + ".") {}

  std::string operator()(const char* operation, std::initializer_list<std::string> inputs,
                         const std::string& output) {
    last_ = &add_node(graph_, operation, inputs, prefix_ + output);
    return prefix_ + output;
  }
  std::string cast(const std::string& input, Type::DataType type, const std::string& output) {
    const std::string name = (*this)("Cast", {input}, output);
    set_attribute(*last_, "to", std::int64_t{type});
    return name;
  }
  /// A double without its fraction, as a double: Floor for values that are not negative. onnxruntime knows
  /// Floor of doubles since 1.12 only.
  std::string whole(const std::string& input, const std::string& output) {
    return cast(cast(input, Type::INT64, output + ".int"), Type::DOUBLE, output);
  }
  std::string transpose(const std::string& input, std::initializer_list<std::int64_t> order,
                        const std::string& output) {
    const std::string name = (*this)("Transpose", {input}, output);
    set_attribute(*last_, "perm", order);
    return name;
  }
  onnx::NodeProto& last() { return *last_; }

 private:
  onnx::GraphProto& graph_;
  std::string prefix_;
  onnx::NodeProto* last_ = nullptr;
};

/// The constants that both axes share.
void add_constants(onnx::GraphProto& graph, int size) {
  for (const double value : {-0.5, 0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 4.0, 5.0, 8.0, 256.0, 65536.0}) {
    std::string text = std::to_string(value);
    text.erase(text.find_last_not_of('0') + 1);
    add_scalar(graph, named(text), Type::DOUBLE, value);  // "1." "0.5"
  }
  add_scalar(graph, named("fraction"), Type::DOUBLE, double{fraction});
  add_scalar(graph, named("size.double"), Type::DOUBLE, double(size));
  add_scalar(graph, named("size"), Type::INT64, std::int64_t{size});
  for (const std::int64_t value : {0, 1, 2})
    add_scalar(graph, named(std::to_string(value)), Type::INT64, value);
  add_tensor(graph, named("axis0"), Type::INT64, {1}).set_raw_data(std::string(8, '\0'));
  add_tensor(graph, named("axis1"), Type::INT64, {1}).set_raw_data(std::string("\1\0\0\0\0\0\0\0", 8));

  std::vector<double> middles;  // of the output pixels, in output pixels
  for (int i = 0; i < size; ++i) middles.push_back(i + 0.5);
  add_tensor(graph, named("middles"), Type::DOUBLE, {1, size})
      .set_raw_data(middles.data(), middles.size() * sizeof(double));

  add_scalar(graph, named("byte0"), Type::UINT8, std::uint8_t{0});
  add_scalar(graph, named("byte128"), Type::UINT8, std::uint8_t{128});
  add_scalar(graph, named("128."), Type::DOUBLE, 128.0);
  add_scalar(graph, named("int256"), Type::INT32, std::int32_t{256});
  add_scalar(graph, named("int65536"), Type::INT32, std::int32_t{65536});
  add_scalar(graph, named("int_half"), Type::INT32, fraction / 2);
  add_scalar(graph, named("int_one"), Type::INT32, fraction);
  add_scalar(graph, named("int_lowest"), Type::INT32, std::int32_t{0});
  add_scalar(graph, named("int_highest"), Type::INT32, 256 * fraction - 1);
  add_scalar(graph, named("float255"), Type::FLOAT, 255.0f);
}

/// The weights of one axis, [length, size] for an input of `length` pixels, in three bytes: weight =
/// ((high - 128) * 256 + middle) * 256 + low. Returns the prefix of the three names.
///
/// Every step in the order of Pillow's precompute_coeffs, bicubic_filter and normalize_coeffs_8bpc
/// (libImaging/Resample.c), in double as there, so that the weights are Pillow's to the last bit.
std::string add_weights(onnx::GraphProto& graph, const std::string& axis, const std::string& length) {
  Nodes node(graph, axis);
  const auto constant = named;
  const std::string in = node.cast(length, Type::DOUBLE, "length");
  const std::string scale = node("Div", {in, constant("size.double")}, "scale");
  const std::string filter_scale = node("Max", {scale, constant("1.")}, "filter_scale");
  const std::string support = node("Mul", {filter_scale, constant("2.")}, "support");
  const std::string inverse = node("Div", {constant("1."), filter_scale}, "inverse_filter_scale");

  // Each output pixel's window on the input: center and bounds, [1, size].
  const std::string center = node("Mul", {constant("middles"), scale}, "center");
  const std::string left = node("Sub", {center, support}, "left");
  // A start below 0 may be rounded to 0: there is no position between them.
  const std::string start = node.whole(node("Add", {left, constant("0.5")}, "left_rounded"), "start");
  const std::string right = node("Add", {center, support}, "right");
  const std::string end = node.whole(node("Add", {right, constant("0.5")}, "right_rounded"), "end");

  // Input positions, [length, 1], and whether they are in the window, [length, size].
  const std::string range = node("Range", {constant("0"), length, constant("1")}, "range");
  const std::string column = node("Unsqueeze", {range, constant("axis1")}, "column");
  const std::string position = node.cast(column, Type::DOUBLE, "position");
  const std::string inside = node("And",
                                  {node("GreaterOrEqual", {position, start}, "behind_start"),
                                   node("Less", {position, end}, "before_end")},
                                  "inside");

  // The kernel at x, the distance from the window's center in units of the filter.
  const std::string distance =
      node("Add", {node("Sub", {position, center}, "offset"), constant("0.5")}, "distance");
  const std::string x = node("Abs", {node("Mul", {distance, inverse}, "signed_x")}, "x");
  // ((1.5 x - 2.5) x) x + 1 below 1
  std::string near = node("Sub", {node("Mul", {x, constant("1.5")}, "near.1"), constant("2.5")}, "near.2");
  near = node("Mul", {node("Mul", {near, x}, "near.3"), x}, "near.4");
  near = node("Add", {near, constant("1.")}, "near");
  // (((x - 5) x + 8) x - 4) * -0.5 from 1 to 2
  std::string far = node("Mul", {node("Sub", {x, constant("5.")}, "far.1"), x}, "far.2");
  far = node("Mul", {node("Add", {far, constant("8.")}, "far.3"), x}, "far.4");
  far = node("Mul", {node("Sub", {far, constant("4.")}, "far.5"), constant("-0.5")}, "far");
  std::string kernel =
      node("Where", {node("Less", {x, constant("2.")}, "below_2"), far, constant("0.")}, "kernel.1");
  kernel = node("Where", {node("Less", {x, constant("1.")}, "below_1"), near, kernel}, "kernel.2");
  kernel = node("Where", {inside, kernel, constant("0.")}, "kernel");

  // Normalized to a sum of 1, in fixed point, halves away from zero.
  const std::string sum = node("ReduceSum", {kernel, constant("axis0")}, "sum");
  const std::string exact =
      node("Mul", {node("Div", {kernel, sum}, "normalized"), constant("fraction")}, "exact");
  std::string fixed = node("Add", {node("Abs", {exact}, "magnitude"), constant("0.5")}, "magnitude_rounded");
  fixed = node("Mul", {node.whole(fixed, "fixed_magnitude"), node("Sign", {exact}, "sign")}, "fixed");

  // Into bytes.
  std::string raised = node("Div", {fixed, constant("65536.")}, "high.1");
  raised = node.whole(node("Add", {raised, constant("128.")}, "high.2"), "high.3");
  const std::string high = node("Sub", {raised, constant("128.")}, "high.4");
  const std::string rest = node("Sub", {fixed, node("Mul", {high, constant("65536.")}, "rest.1")}, "rest");
  const std::string middle = node.whole(node("Div", {rest, constant("256.")}, "middle.1"), "middle.2");
  const std::string low = node("Sub", {rest, node("Mul", {middle, constant("256.")}, "low.1")}, "low.2");
  node.cast(raised, Type::UINT8, "high");
  node.cast(middle, Type::UINT8, "middle");
  node.cast(low, Type::UINT8, "low");
  return axis;
}

/// Resamples the last axis of `pixels`, uint8 [3, others, length] to [3, others, size], rounded and clipped
/// to bytes as Pillow does after each axis.
std::string add_pass(onnx::GraphProto& graph, const std::string& name, const std::string& pixels,
                     const std::string& weights) {
  Nodes node(graph, name);
  const auto product = [&](const char* byte, const std::string& zero_point) {
    return node("MatMulInteger", {pixels, named(weights) + "." + byte, named("byte0"), zero_point},
                std::string("sum_") + byte);
  };
  const std::string high = node("Mul", {product("high", named("byte128")), named("int65536")}, "high");
  const std::string middle = node("Mul", {product("middle", named("byte0")), named("int256")}, "middle");
  const std::string low = node("Add", {product("low", named("byte0")), named("int_half")}, "low");
  const std::string sum = node("Add", {node("Add", {high, middle}, "sum.1"), low}, "sum");
  // onnxruntime knows Clip of integers since 1.12 only.
  const std::string clipped =
      node("Min", {node("Max", {sum, named("int_lowest")}, "not_below"), named("int_highest")}, "clipped");
  return node.cast(node("Div", {clipped, named("int_one")}, "value"), Type::UINT8, "byte");
}

}  // namespace

void add_preprocessing(onnx::GraphProto& graph, const std::string& image, const std::string& images,
                       int size) {
  add_constants(graph, size);
  Nodes node(graph, "picture");
  const std::string planes = node.transpose(image, {2, 0, 1}, "planes");  // [3, height, width]
  const std::string shape = node("Shape", {image}, "shape");
  const std::string height = node("Gather", {shape, named("0")}, "height");
  const std::string width = node("Gather", {shape, named("1")}, "width");
  const std::string x_weights = add_weights(graph, "x", width);
  const std::string y_weights = add_weights(graph, "y", height);

  // Pillow resamples the rows first, except where the height shrinks by more than twice what the width does
  // (ImagingResample of Pillow 13).
  const std::string height_loss = node("Sub", {height, named("size")}, "height_loss");
  const std::string width_loss = node("Sub", {width, named("size")}, "width_loss");
  const std::string limit = node("Mul", {width_loss, named("2")}, "limit");
  const std::string columns_first = node("And",
                                         {node("Greater", {height_loss, named("0")}, "shrinks"),
                                          node("Greater", {height_loss, limit}, "shrinks_more")},
                                         "columns_first");

  onnx::GraphProto rows;
  rows.set_name("rows_first");
  {
    Nodes branch(rows, "rows_first");
    const std::string first = add_pass(rows, "rows_first.x", planes, x_weights);
    const std::string turned = branch.transpose(first, {0, 2, 1}, "turned");
    const std::string second = add_pass(rows, "rows_first.y", turned, y_weights);
    describe(*rows.add_output(), branch.transpose(second, {0, 2, 1}, "resized"), Type::UINT8,
             {3, size, size});
  }
  onnx::GraphProto columns;
  columns.set_name("columns_first");
  {
    Nodes branch(columns, "columns_first");
    const std::string turned = branch.transpose(planes, {0, 2, 1}, "turned");
    const std::string first = add_pass(columns, "columns_first.y", turned, y_weights);
    const std::string back = branch.transpose(first, {0, 2, 1}, "back");
    describe(*columns.add_output(), add_pass(columns, "columns_first.x", back, x_weights), Type::UINT8,
             {3, size, size});
  }
  const std::string resized = node("If", {columns_first}, "resized");
  for (auto& [name, branch] : {std::pair{"then_branch", &columns}, std::pair{"else_branch", &rows}}) {
    onnx::AttributeProto& attribute = *node.last().add_attribute();
    attribute.set_name(name);
    attribute.set_type(onnx::AttributeProto::GRAPH);
    attribute.mutable_g()->Swap(branch);
  }

  const std::string values = node.cast(resized, Type::FLOAT, "values");
  const std::string scaled = node("Div", {values, named("float255")}, "scaled");
  add_node(graph, "Unsqueeze", {scaled, named("axis0")}, images);
}

}  // namespace bart
