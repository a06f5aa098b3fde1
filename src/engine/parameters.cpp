#include "parameters.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "bart/platform/error.h"
#include "linear_kernel.h"
#include "team.h"
#include "weights_layout.h"

namespace bart {
namespace {

// Number of rows of a large layer that are converted at a time, a multiple of the blocks of rows of all
// layouts.
constexpr std::int64_t rows_at_once = 64;

/// Calls visit(first, rows) for the rows of a layer in pieces, so that the temporary memory is small and
/// reused.
template <class Visit>
void each_rows(const LinearLayer& layer, const Visit& visit) {
  for (std::int64_t first = 0; first < layer.out_features; first += rows_at_once) {
    visit(first, std::min(rows_at_once, layer.out_features - first));
  }
}

AlignedMemory memory_of_rows(const LinearLayer& layer) {
  return AlignedMemory(float_bytes(std::min(layer.out_features, rows_at_once) * layer.in_padded));
}

/// Our column for PyTorch's feature f of a row.
std::int64_t column_of(const LinearLayer& layer, std::int64_t f) {
  return layer.column_of.empty() ? f : layer.column_of[static_cast<std::size_t>(f)];
}

void import_matrix(const Team& team, const LinearLayer& layer,
                   const float* from,  // [out, in]
                   float* to) {        // [layout]
  const AlignedMemory memory = memory_of_rows(layer);
  each_rows(layer, [&](std::int64_t first, std::int64_t rows) {
    team.each(rows, [&](std::int64_t o) {
      const float* row = from + (first + o) * layer.in_features;
      float* padded = memory.floats() + o * layer.in_padded;
      for (std::int64_t f = 0; f < layer.in_features; ++f) padded[column_of(layer, f)] = row[f];
    });
    layer.kernel->import_rows(team, layer, first, rows, memory.floats(), to);
  });
}

void export_matrix(const Team& team, const LinearLayer& layer,
                   const float* from,  // [layout]
                   float* to) {        // [out, in]
  const AlignedMemory memory = memory_of_rows(layer);
  each_rows(layer, [&](std::int64_t first, std::int64_t rows) {
    layer.kernel->export_rows(team, layer, first, rows, from, memory.floats());
    team.each(rows, [&](std::int64_t o) {
      const float* padded = memory.floats() + o * layer.in_padded;
      float* row = to + (first + o) * layer.in_features;
      for (std::int64_t f = 0; f < layer.in_features; ++f) row[f] = padded[column_of(layer, f)];
    });
  });
}

void import_vector(const StateDict& state, const std::string& name, std::int64_t count, float* to) {
  std::ranges::copy(floats_of(state, name, {count}), to);
}

void export_vector(StateDict& state, const std::string& name, const float* from) {
  for (Tensor& t : state) {
    if (t.name == name) std::copy_n(from, t.floats().size(), t.floats().begin());
  }
}

}  // namespace

Parameters::Parameters(const CompiledNetwork& network)
    : values(network.parameter_count * sizeof(float)), statistics(network.statistic_count * sizeof(float)) {}

void import_weights(const ConvolutionLayer& layer, const float* from, float* to) {
  std::vector<float> rows(static_cast<std::size_t>(layer.out_padded * layer.in_padded * 9));
  for (std::int64_t o = 0; o < layer.out_channels; ++o) {
    std::copy_n(from + o * layer.in_channels * 9, layer.in_channels * 9,
                rows.data() + o * layer.in_padded * 9);
  }
  reorder_weights(row_major_filters(layer.out_padded, layer.in_padded), rows.data(), layer.layout, to);
}

void export_weights(const ConvolutionLayer& layer, const float* from, float* to) {
  std::vector<float> rows(static_cast<std::size_t>(layer.out_padded * layer.in_padded * 9));
  reorder_weights(layer.layout, from, row_major_filters(layer.out_padded, layer.in_padded), rows.data());
  for (std::int64_t o = 0; o < layer.out_channels; ++o) {
    std::copy_n(rows.data() + o * layer.in_padded * 9, layer.in_channels * 9, to + o * layer.in_channels * 9);
  }
}

void import_state(const CompiledNetwork& network, const StateDict& state, float* values, float* statistics) {
  for (const ConvolutionLayer& c : network.convolutions) {
    const std::span<const float> weights =
        floats_of(state, c.name + ".weight", {c.out_channels, c.in_channels, 3, 3});
    import_weights(c, weights.data(), values + c.weights);
    import_vector(state, c.name + ".bias", c.out_channels, values + c.bias);
    import_vector(state, c.norm_name + ".weight", c.out_channels, values + c.norm_weight);
    import_vector(state, c.norm_name + ".bias", c.out_channels, values + c.norm_bias);
    if (statistics == nullptr) continue;
    import_vector(state, c.norm_name + ".running_mean", c.out_channels, statistics + c.running_mean);
    import_vector(state, c.norm_name + ".running_var", c.out_channels, statistics + c.running_var);
  }
  for (const LinearLayer& l : network.linears) {
    const std::span<const float> weights =
        floats_of(state, l.name + ".weight", {l.out_features, l.in_features});
    import_matrix(network.team, l, weights.data(), values + l.weights);
    import_vector(state, l.name + ".bias", l.out_features, values + l.bias);
  }
}

void export_state(const CompiledNetwork& network, const float* values, const float* statistics,
                  StateDict& state) {
  const auto floats_of = [&](const std::string& name) -> float* {
    const auto found = std::ranges::find(state, name, &Tensor::name);
    return found->floats().data();
  };
  for (const ConvolutionLayer& c : network.convolutions) {
    export_weights(c, values + c.weights, floats_of(c.name + ".weight"));
    export_vector(state, c.name + ".bias", values + c.bias);
    export_vector(state, c.norm_name + ".weight", values + c.norm_weight);
    export_vector(state, c.norm_name + ".bias", values + c.norm_bias);
    if (statistics == nullptr) continue;
    export_vector(state, c.norm_name + ".running_mean", statistics + c.running_mean);
    export_vector(state, c.norm_name + ".running_var", statistics + c.running_var);
  }
  for (const LinearLayer& l : network.linears) {
    export_matrix(network.team, l, values + l.weights, floats_of(l.name + ".weight"));
    export_vector(state, l.name + ".bias", values + l.bias);
  }
}

}  // namespace bart
