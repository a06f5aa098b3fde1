#include "convolution_kernel.h"

#include <algorithm>
#include <array>

namespace bart {

std::string evaluation_name(const ConvolutionLayer& layer) {
  return layer.name + " + " + layer.norm_name + " + ReLU";
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
