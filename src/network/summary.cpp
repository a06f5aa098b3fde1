#include "bart/network/summary.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdint>
#include <vector>

#include "bart/platform/counted.h"

namespace bart {
namespace {

std::string shape_text(const std::vector<std::int64_t>& shape) {
  return shape.size() == 1 ? fmt::format("{}", shape[0]) : fmt::format("{}", fmt::join(shape, " x "));
}

/// "block1" of "block1.0".
std::string part_of(const Layer& layer) {
  return layer.name.substr(0, layer.name.find('.'));
}

}  // namespace

std::string summary_text(const Architecture& architecture) {
  const std::vector<Layer> layers = layers_of(architecture);
  std::string text = fmt::format("{:<24}{:<16}{:<18}{:>12}\n", "Layer", "Type", "Output", "Parameters");
  std::int64_t total = 0;
  std::int64_t part = 0;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const Layer& layer = layers[i];
    const std::int64_t parameters = layer.parameters();
    const std::string type = layer.dropout > 0
                                 ? fmt::format("{} {}", layer_kind_name(layer.kind), layer.dropout)
                                 : layer_kind_name(layer.kind);
    text += fmt::format("{:<24}{:<16}{:<18}{:>12}\n", layer.name, type, shape_text(layer.output),
                        parameters > 0 ? with_commas(static_cast<std::uint64_t>(parameters)) : "");
    total += parameters;
    part += parameters;
    if (i + 1 == layers.size() || part_of(layers[i + 1]) != part_of(layer)) {
      text += fmt::format("{:<58}{:>12}\n", part_of(layer) + " in all",
                          with_commas(static_cast<std::uint64_t>(part)));
      part = 0;
    }
  }
  return text +
         fmt::format("{:<58}{:>12}\n", "All parameters", with_commas(static_cast<std::uint64_t>(total)));
}

}  // namespace bart
