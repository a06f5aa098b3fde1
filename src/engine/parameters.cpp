#include "parameters.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "bart/platform/error.h"
#include "batch_norm_kernels.h"
#include "parallel.h"
#include "winograd.h"

namespace bart {
namespace {

using dnnl::memory;

std::int64_t padded(std::int64_t channels, std::int64_t block) {
  return (channels + block - 1) / block * block;
}

/// Hands out places in a flat array, each on a cache line of its own.
std::size_t take(std::size_t& count, std::size_t floats) {
  const std::size_t place = count;
  count += (floats + 15) / 16 * 16;
  return place;
}

/// PyTorch flattens [C, H, W]; the activations lie as [C / B, H, W, B].
std::vector<std::int64_t> blocked_columns(std::int64_t channels, std::int64_t pixels, std::int64_t block) {
  std::vector<std::int64_t> columns;
  columns.reserve(static_cast<std::size_t>(channels * pixels));
  for (std::int64_t c = 0; c < channels; ++c) {
    for (std::int64_t p = 0; p < pixels; ++p) columns.push_back((c / block * pixels + p) * block + c % block);
  }
  return columns;
}

const Tensor& tensor(const StateDict& state, const std::string& name,
                     const std::vector<std::int64_t>& shape) {
  const Tensor* found = find_tensor(state, name);
  if (found == nullptr) throw Error(fmt::format("the model has no tensor {}", name));
  if (found->shape != shape) {
    throw Error(fmt::format("the model's tensor {} has the shape [{}], the network needs [{}]", name,
                            fmt::join(found->shape, ", "), fmt::join(shape, ", ")));
  }
  if (!std::holds_alternative<std::vector<float>>(found->values)) {
    throw Error(fmt::format("the model's tensor {} does not hold floats", name));
  }
  return *found;
}

/// Row-major weights with the padding of activations, [out_padded, in_padded, 3, 3].
memory::desc row_major(const ConvolutionLayer& layer) {
  return convolution_weights({1, layer.in_padded, layer.out_padded, layer.size}, memory::format_tag::oihw);
}

// A large layer's weights are converted so many rows at a time, since fresh memory is what takes the time.
// Each layout's blocks of rows divide it.
constexpr std::int64_t rows_at_once = 64;

memory::desc row_major(const LinearLayer& layer, std::int64_t rows) {
  return linear_weights({1, layer.in_padded, rows});
}

/// Rows [first, first + rows) of the layer's own layout.
memory::desc rows_of(const LinearLayer& layer, std::int64_t first, std::int64_t rows) {
  return layer.weights_desc.submemory_desc({rows, layer.in_padded}, {first, 0});
}

void import_vector(const StateDict& state, const std::string& name, std::int64_t count, float* to) {
  std::ranges::copy(tensor(state, name, {count}).floats(), to);
}

void export_vector(StateDict& state, const std::string& name, const float* from) {
  for (Tensor& t : state) {
    if (t.name == name) std::copy_n(from, t.floats().size(), t.floats().begin());
  }
}

}  // namespace

void reorder_weights(const dnnl::engine& engine, const memory::desc& from_desc, const float* from,
                     const memory::desc& to_desc, void* to) {
  dnnl::stream stream(engine);
  memory source(from_desc, engine, const_cast<float*>(from));
  memory destination(to_desc, engine, to);
  dnnl::reorder(source, destination).execute(stream, source, destination);
  stream.wait();
}

void import_weights(const ConvolutionLayer& layer, const dnnl::engine& engine, const float* from, float* to) {
  std::vector<float> rows(static_cast<std::size_t>(layer.out_padded * layer.in_padded * 9));
  for (std::int64_t o = 0; o < layer.out_channels; ++o) {
    std::copy_n(from + o * layer.in_channels * 9, layer.in_channels * 9,
                rows.data() + o * layer.in_padded * 9);
  }
  reorder_weights(engine, row_major(layer), rows.data(), layer.weights_desc, to);
}

void export_weights(const ConvolutionLayer& layer, const dnnl::engine& engine, const float* from, float* to) {
  std::vector<float> rows(static_cast<std::size_t>(layer.out_padded * layer.in_padded * 9));
  reorder_weights(engine, layer.weights_desc, from, row_major(layer), rows.data());
  for (std::int64_t o = 0; o < layer.out_channels; ++o) {
    std::copy_n(rows.data() + o * layer.in_padded * 9, layer.in_channels * 9, to + o * layer.in_channels * 9);
  }
}

ConvolutionLayouts CompiledNetwork::layouts(std::size_t i, Precision precision) const {
  const auto blocked = block == 16 ? memory::format_tag::nChw16c : memory::format_tag::nChw8c;
  return {precision, i == 0 ? memory::format_tag::nchw : blocked, blocked};
}

CompiledNetwork compile_network(const Architecture& architecture, const dnnl::engine& engine,
                                const EngineOptions& options) {
  CompiledNetwork network{architecture,
                          static_cast<std::int64_t>(preferred_block()),
                          options.exact,
                          options.threads,
                          {},
                          {},
                          0,
                          0};
  const std::vector<Layer> layers = layers_of(architecture);
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const Layer& layer = layers[i];
    if (layer.kind == LayerKind::convolution) {
      ConvolutionLayer c{};
      c.name = layer.name;
      c.norm_name = layers[i + 1].name;
      c.in_channels = layer.input[0];
      c.out_channels = layer.output[0];
      c.in_padded = network.convolutions.empty() ? c.in_channels : padded(c.in_channels, network.block);
      c.out_padded = padded(c.out_channels, network.block);
      c.size = layer.output[1];
      c.ends_block = layers[i + 3].kind == LayerKind::max_pool;
      c.dropout = c.ends_block ? layers[i + 4].dropout : 0;
      // The batch size that is trained with most decides; other plans take this layout as it is.
      const ConvolutionShape shape{32, c.in_padded, c.out_padded, c.size};
      const std::size_t place = network.convolutions.size();
      c.from_pixels = place == 0 && !options.exact;
      c.weights_desc =
          c.from_pixels ? convolution_weights(shape, network.block == 16 ? memory::format_tag::Ohwi16o
                                                                         : memory::format_tag::Ohwi8o)
                        : convolution_forward_desc(engine, shape, network.layouts(place, Precision::f32),
                                                   convolution_weights(shape, memory::format_tag::any), true)
                              .weights_desc();
      // A rule, not a timing: the same command must give the same bits on the next day, too. On a Zen 4
      // Winograd's kernels won in each layer, direction and precision; AMX multiplies bf16 fast enough for
      // direct ones.
      const auto winograd = [&](Precision precision) {
        return !options.exact && place > 0 && has_winograd(precision) &&
               (precision == Precision::f32 || !has_amx()) &&
               c.weights_desc == convolution_weights(shape, network.block == 16
                                                                ? memory::format_tag::OIhw16i16o
                                                                : memory::format_tag::OIhw8i8o);
      };
      c.kernels = {options.precision, winograd(options.precision)};
      c.evaluation = {options.evaluation_precision, winograd(options.evaluation_precision)};
      c.weights = take(network.parameter_count, c.weights_desc.get_size() / sizeof(float));
      const auto width = static_cast<std::size_t>(c.out_padded);
      c.bias = take(network.parameter_count, width);
      c.norm_weight = take(network.parameter_count, width);
      c.norm_bias = take(network.parameter_count, width);
      c.running_mean = take(network.statistic_count, width);
      c.running_var = take(network.statistic_count, width);
      network.convolutions.push_back(std::move(c));
    } else if (layer.kind == LayerKind::linear) {
      LinearLayer l{};
      l.name = layer.name;
      l.in_features = l.in_padded = layer.input[0];
      l.out_features = layer.output[0];
      l.hidden = i + 1 < layers.size();
      l.dropout = l.hidden ? layers[i + 2].dropout : 0;
      if (network.linears.empty()) {
        const ConvolutionLayer& last = network.convolutions.back();
        const std::int64_t pixels = last.size / 2 * (last.size / 2);
        l.in_padded = last.out_padded * pixels;
        l.column_of = blocked_columns(last.out_channels, pixels, network.block);
      }
      // The batch size that is trained with most decides here too. Below a few megabytes no layout is faster,
      // and the row-major kernels add up in shorter chains.
      const LinearShape shape{32, l.in_padded, l.out_features};
      const bool large = shape.in_features * shape.out_features >= std::int64_t{1} << 20;
      l.weights_desc = large ? preferred_linear_weights(engine, shape) : linear_weights(shape);
      l.weights = take(network.parameter_count, l.weights_desc.get_size() / sizeof(float));
      l.bias = take(network.parameter_count, static_cast<std::size_t>(l.out_features));
      network.linears.push_back(std::move(l));
    }
  }
  return network;
}

void import_state(const CompiledNetwork& network, const dnnl::engine& engine, const StateDict& state,
                  float* values, float* statistics) {
  for (const ConvolutionLayer& c : network.convolutions) {
    const Tensor& weights = tensor(state, c.name + ".weight", {c.out_channels, c.in_channels, 3, 3});
    import_weights(c, engine, weights.floats().data(), values + c.weights);
    import_vector(state, c.name + ".bias", c.out_channels, values + c.bias);
    import_vector(state, c.norm_name + ".weight", c.out_channels, values + c.norm_weight);
    import_vector(state, c.norm_name + ".bias", c.out_channels, values + c.norm_bias);
    if (statistics == nullptr) continue;
    import_vector(state, c.norm_name + ".running_mean", c.out_channels, statistics + c.running_mean);
    import_vector(state, c.norm_name + ".running_var", c.out_channels, statistics + c.running_var);
  }
  for (const LinearLayer& l : network.linears) {
    const std::vector<float>& weights =
        tensor(state, l.name + ".weight", {l.out_features, l.in_features}).floats();
    const AlignedMemory rows(float_bytes(std::min(l.out_features, rows_at_once) * l.in_padded));
    for (std::int64_t first = 0; first < l.out_features; first += rows_at_once) {
      const std::int64_t count = std::min(rows_at_once, l.out_features - first);
      parallel_each(count, [&](std::int64_t o) {
        const float* from = weights.data() + (first + o) * l.in_features;
        float* to = rows.floats() + o * l.in_padded;
        if (l.column_of.empty()) {
          std::copy_n(from, l.in_features, to);
        } else {
          for (std::int64_t f = 0; f < l.in_features; ++f)
            to[l.column_of[static_cast<std::size_t>(f)]] = from[f];
        }
      });
      reorder_weights(engine, row_major(l, count), rows.floats(), rows_of(l, first, count),
                      values + l.weights);
    }
    import_vector(state, l.name + ".bias", l.out_features, values + l.bias);
  }
}

void export_state(const CompiledNetwork& network, const dnnl::engine& engine, const float* values,
                  const float* statistics, StateDict& state) {
  const auto floats_of = [&](const std::string& name) -> float* {
    const auto found = std::ranges::find(state, name, &Tensor::name);
    return found->floats().data();
  };
  for (const ConvolutionLayer& c : network.convolutions) {
    export_weights(c, engine, values + c.weights, floats_of(c.name + ".weight"));
    export_vector(state, c.name + ".bias", values + c.bias);
    export_vector(state, c.norm_name + ".weight", values + c.norm_weight);
    export_vector(state, c.norm_name + ".bias", values + c.norm_bias);
    if (statistics == nullptr) continue;
    export_vector(state, c.norm_name + ".running_mean", statistics + c.running_mean);
    export_vector(state, c.norm_name + ".running_var", statistics + c.running_var);
  }
  for (const LinearLayer& l : network.linears) {
    const AlignedMemory rows(float_bytes(std::min(l.out_features, rows_at_once) * l.in_padded));
    float* weights = floats_of(l.name + ".weight");
    for (std::int64_t first = 0; first < l.out_features; first += rows_at_once) {
      const std::int64_t count = std::min(rows_at_once, l.out_features - first);
      reorder_weights(engine, rows_of(l, first, count), values + l.weights, row_major(l, count),
                      rows.floats());
      parallel_each(count, [&](std::int64_t o) {
        const float* from = rows.floats() + o * l.in_padded;
        float* to = weights + (first + o) * l.in_features;
        for (std::int64_t f = 0; f < l.in_features; ++f) {
          to[f] = from[l.column_of.empty() ? f : l.column_of[static_cast<std::size_t>(f)]];
        }
      });
    }
    export_vector(state, l.name + ".bias", values + l.bias);
  }
}

}  // namespace bart
