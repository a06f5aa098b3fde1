#include "network_layout.h"

#include <algorithm>
#include <functional>
#include <span>
#include <variant>

namespace bart::cuda {
namespace {

/// Hands out places on boundaries of 16 floats.
std::size_t take(std::size_t& count, std::int64_t floats) {
  const std::size_t place = count;
  count += (static_cast<std::size_t>(floats) + 15) / 16 * 16;
  return place;
}

ConvolutionPlace convolution_at(const std::vector<Layer>& layers, std::size_t i) {
  ConvolutionPlace c{};
  c.name = layers[i].name;
  c.norm_name = layers[i + 1].name;
  c.in_channels = static_cast<int>(layers[i].input[0]);
  c.out_channels = static_cast<int>(layers[i].output[0]);
  c.size = static_cast<int>(layers[i].output[1]);
  c.ends_block = layers[i + 3].kind == LayerKind::max_pool;
  c.dropout = c.ends_block ? layers[i + 4].dropout : 0;
  return c;
}

LinearPlace linear_at(const std::vector<Layer>& layers, std::size_t i) {
  LinearPlace l{};
  l.name = layers[i].name;
  l.inputs = static_cast<int>(layers[i].input[0]);
  l.outputs = static_cast<int>(layers[i].output[0]);
  l.hidden = i + 1 < layers.size();
  l.dropout = l.hidden ? layers[i + 2].dropout : 0;
  l.channels = 1;
  return l;
}

/// A tensor of a state, and how its values lie here: visit(name, shape, place, index), where index(i) is the
/// place of PyTorch's value i from there.
using Index = std::function<std::size_t(std::size_t)>;
using Visit = std::function<void(const std::string& name, const std::vector<std::int64_t>& shape,
                                 std::size_t place, const Index& index)>;

std::size_t same(std::size_t i) {
  return i;
}

void each_parameter(const NetworkLayout& layout, const Visit& visit) {
  for (const ConvolutionPlace& c : layout.convolutions) {
    const auto in = static_cast<std::size_t>(c.in_channels);
    visit(c.name + ".weight", {c.out_channels, c.in_channels, 3, 3}, c.weights,
          [in](std::size_t i) { return (i / (in * 9) * 9 + i % 9) * in + i / 9 % in; });
    visit(c.name + ".bias", {c.out_channels}, c.bias, same);
    visit(c.norm_name + ".weight", {c.out_channels}, c.norm_weight, same);
    visit(c.norm_name + ".bias", {c.out_channels}, c.norm_bias, same);
  }
  for (const LinearPlace& l : layout.linears) {
    const auto in = static_cast<std::size_t>(l.inputs), channels = static_cast<std::size_t>(l.channels);
    const std::size_t pixels = in / channels;
    visit(l.name + ".weight", {l.outputs, l.inputs}, l.weights, [=](std::size_t i) {
      const std::size_t feature = i % in;
      return i - feature + feature % pixels * channels + feature / pixels;
    });
    visit(l.name + ".bias", {l.outputs}, l.bias, same);
  }
}

void each_statistic(const NetworkLayout& layout, const Visit& visit) {
  for (const ConvolutionPlace& c : layout.convolutions) {
    visit(c.norm_name + ".running_mean", {c.out_channels}, c.running_mean, same);
    visit(c.norm_name + ".running_var", {c.out_channels}, c.running_var, same);
  }
}

}  // namespace

NetworkLayout::NetworkLayout(const Architecture& network) : architecture(network) {
  const std::vector<Layer> layers = layers_of(network);
  for (std::size_t i = 0; i < layers.size(); ++i) {
    if (layers[i].kind == LayerKind::convolution) convolutions.push_back(convolution_at(layers, i));
    if (layers[i].kind == LayerKind::linear) linears.push_back(linear_at(layers, i));
  }
  linears.front().channels = convolutions.back().out_channels;
  for (ConvolutionPlace& c : convolutions)
    c.weights = take(parameters, std::int64_t{9} * c.in_channels * c.out_channels);
  for (LinearPlace& l : linears) l.weights = take(parameters, std::int64_t{l.inputs} * l.outputs);
  decaying = parameters;
  for (ConvolutionPlace& c : convolutions) {
    for (std::size_t* place : {&c.bias, &c.norm_weight, &c.norm_bias})
      *place = take(parameters, c.out_channels);
    for (std::size_t* place : {&c.running_mean, &c.running_var}) *place = take(statistics, c.out_channels);
  }
  for (LinearPlace& l : linears) l.bias = take(parameters, l.outputs);
}

void lay_out(const NetworkLayout& layout, const StateDict& state, float* parameters, float* statistics) {
  const auto into = [&](float* to) {
    return [&state, to](const std::string& name, const std::vector<std::int64_t>& shape, std::size_t place,
                        const Index& index) {
      const std::span<const float> values = floats_of(state, name, shape);
      for (std::size_t i = 0; i < values.size(); ++i) to[place + index(i)] = values[i];
    };
  };
  each_parameter(layout, into(parameters));
  if (statistics != nullptr) each_statistic(layout, into(statistics));
}

void read_out(const NetworkLayout& layout, const float* parameters, const float* statistics,
              std::int64_t batches, StateDict& state) {
  const auto from = [&](const float* values) {
    return [&state, values](const std::string& name, const std::vector<std::int64_t>&, std::size_t place,
                            const Index& index) {
      const auto found = std::ranges::find(state, name, &Tensor::name);
      std::vector<float>& floats = found->floats();
      for (std::size_t i = 0; i < floats.size(); ++i) floats[i] = values[place + index(i)];
    };
  };
  each_parameter(layout, from(parameters));
  if (statistics != nullptr) each_statistic(layout, from(statistics));
  for (Tensor& tensor : state) {
    if (auto* counts = std::get_if<std::vector<std::int64_t>>(&tensor.values))
      std::ranges::fill(*counts, batches);
  }
}

}  // namespace bart::cuda
