#include "compiled_network.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <utility>

#include "bart/platform/error.h"
#include "bart/platform/threads.h"
#include "batch_norm_kernels.h"
#include "convolution_kernel.h"
#include "linear_kernel.h"
#include "onednn_threads.h"

namespace bart {
namespace {

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

/// The convolution layers[i], with the layers that follow it.
ConvolutionLayer compile_convolution(CompiledNetwork& network, const std::vector<Layer>& layers,
                                     std::size_t i) {
  const Layer& layer = layers[i];
  ConvolutionLayer c{};
  c.name = layer.name;
  c.norm_name = layers[i + 1].name;
  c.in_channels = layer.input[0];
  c.out_channels = layer.output[0];
  c.first = network.convolutions.empty();
  c.in_padded = c.first ? c.in_channels : padded(c.in_channels, network.block);
  c.out_padded = padded(c.out_channels, network.block);
  c.size = layer.output[1];
  c.ends_block = layers[i + 3].kind == LayerKind::max_pool;
  c.dropout = c.ends_block ? layers[i + 4].dropout : 0;
  choose_kernels(network, c);
  c.weights = take(network.parameter_count, c.layout.bytes() / sizeof(float));
  const auto width = static_cast<std::size_t>(c.out_padded);
  c.bias = take(network.parameter_count, width);
  c.norm_weight = take(network.parameter_count, width);
  c.norm_bias = take(network.parameter_count, width);
  c.running_mean = take(network.statistic_count, width);
  c.running_var = take(network.statistic_count, width);
  return c;
}

LinearLayer compile_linear(CompiledNetwork& network, const std::vector<Layer>& layers, std::size_t i) {
  const Layer& layer = layers[i];
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
  l.kernel = *std::ranges::find_if(
      linear_kernels(), [&](const LinearKernel* kernel) { return kernel->can(l.in_padded, network.exact); });
  l.layout = l.kernel->layout(l.out_features, l.in_padded);
  l.weights = take(network.parameter_count, l.layout.bytes() / sizeof(float));
  l.bias = take(network.parameter_count, static_cast<std::size_t>(l.out_features));
  return l;
}

void check_slices(const EngineOptions& options) {
  const auto slices = static_cast<unsigned>(std::max(options.slices, 0));
  if (!std::has_single_bit(slices) || options.slices > most_slices) {
    throw Error(fmt::format("a batch cannot be cut into {} slices, but into a power of two up to {}",
                            options.slices, most_slices));
  }
  if (options.slices > 1 && options.exact) throw Error("an exact engine cannot cut its batches into slices");
  if (options.group != nullptr && options.slices % options.group->size() != 0) {
    throw Error(fmt::format("{} processes cannot share {} slices of a batch equally", options.group->size(),
                            options.slices));
  }
}

}  // namespace

Team team_of(int threads) {
  if (threads < 0 || threads > most_threads) {
    throw Error(
        fmt::format("an engine cannot have {} threads, but 1 to {}, or 0 for what the process may use",
                    threads, most_threads));
  }
  return {threads == 0 ? available_threads() : threads};
}

CompiledNetwork compile_network(const Architecture& architecture, const EngineOptions& options) {
  const bool reduced = options.precision != Precision::f32 || options.evaluation_precision != Precision::f32;
  if (options.exact && reduced) throw Error("an engine is exact in f32 only");
  if (options.precision == Precision::tf32 || options.evaluation_precision == Precision::tf32)
    throw Error("a processor does not compute in TF32");
  check_slices(options);
  CompiledNetwork network{.architecture = architecture,
                          .team = team_of(options.threads),
                          .precision = options.precision,
                          .evaluation_precision = options.evaluation_precision,
                          .exact = options.exact,
                          .block = static_cast<std::int64_t>(preferred_block()),
                          .slices = options.slices,
                          .group = options.group};
  const OneDnnThreads threads(network.team);
  const std::vector<Layer> layers = layers_of(architecture);
  for (std::size_t i = 0; i < layers.size(); ++i) {
    if (layers[i].kind == LayerKind::convolution) {
      network.convolutions.push_back(compile_convolution(network, layers, i));
    } else if (layers[i].kind == LayerKind::linear) {
      network.linears.push_back(compile_linear(network, layers, i));
    }
  }
  return network;
}

std::vector<std::pair<std::size_t, std::size_t>> CompiledNetwork::weight_ranges() const {
  std::vector<std::pair<std::size_t, std::size_t>> ranges;
  // A bias follows its weights.
  for (const ConvolutionLayer& c : convolutions) ranges.emplace_back(c.weights, c.bias);
  for (const LinearLayer& l : linears) ranges.emplace_back(l.weights, l.bias);
  return ranges;
}

}  // namespace bart
