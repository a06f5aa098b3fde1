#include "convolution_kernel.h"

#include <algorithm>
#include <array>

namespace bart {

std::string evaluation_name(const ConvolutionLayer& layer) {
  return layer.name + " + " + layer.norm_name + " + ReLU";
}

std::size_t wide_convolutions(const CompiledNetwork& network,
                              const ConvolutionKernel* ConvolutionLayer::*kernel) {
  constexpr std::int64_t points = 36;  // of a filter as Winograd's algorithm takes it
  std::size_t wide = 0;
  std::int64_t activations = 0, filters = 0;
  for (std::size_t i = 0; i + 1 < network.convolutions.size(); ++i) {
    const ConvolutionLayer& layer = network.convolutions[i];
    if (layer.*kernel == &direct_kernel) break;
    activations = std::max(activations, layer.out_padded * layer.size * layer.size);
    filters += points * layer.in_padded * layer.out_padded;
    if (!layer.ends_block) continue;
    if (activations < filters) break;
    wide = i + 1;
    activations = filters = 0;
  }
  return wide;
}

std::span<const ConvolutionKernel* const> convolution_kernels() {
  static constexpr std::array all = {
      &pixel_kernel,
      &winograd_kernel,
      &direct_kernel,
  };
  return all;
}

void choose_kernels(const CompiledNetwork& network, ConvolutionLayer& layer) {
  const WeightsLayout preferred = direct_layout(layer, network.block);
  const auto site = [&](Precision precision) {
    return ConvolutionSite{layer, network.block, precision, network.exact, preferred};
  };
  const auto choose = [&](Precision precision) {
    return *std::ranges::find_if(convolution_kernels(), [&](const ConvolutionKernel* k) {
      return k->can(site(precision)) && k->wins(site(precision));
    });
  };
  layer.training = choose(network.precision);
  layer.evaluation = choose(network.evaluation_precision);
  layer.layout = layer.training->layout(site(network.precision));
}

}  // namespace bart
