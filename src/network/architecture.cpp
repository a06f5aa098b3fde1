#include "bart/network/architecture.h"

#include <fmt/format.h>

#include "bart/network/state_dict.h"
#include "bart/platform/error.h"

namespace bart {
namespace {

// Bounds far beyond any use: they keep products of sizes from overflowing, and absurd requests from taking
// memory.
constexpr int max_blocks = 14;
constexpr int max_image_size = 1 << 14;
constexpr int max_width = 1 << 20;  // channels, features, classes
constexpr std::int64_t max_parameters = std::int64_t{1} << 31;

void check_width(const char* what, int width) {
  if (width < 1 || width > max_width) {
    throw Error(fmt::format("a network cannot have {} {}: it can have 1 to {}", width, what, max_width));
  }
}

void check_dropout(double dropout) {
  if (!(dropout >= 0 && dropout < 1)) {
    throw Error(fmt::format("a dropout of {} is not possible: it must be at least 0 and below 1", dropout));
  }
}

void check(const Architecture& architecture) {
  if (architecture.classes < 2) {
    throw Error(fmt::format("a classifier needs at least 2 classes, not {}", architecture.classes));
  }
  check_width("classes", architecture.classes);
  if (architecture.blocks.empty() || architecture.blocks.size() > max_blocks) {
    throw Error(fmt::format("a network cannot have {} blocks: it can have 1 to {}",
                            architecture.blocks.size(), max_blocks));
  }
  for (const Block& block : architecture.blocks) {
    check_width("channels", block.channels);
    check_dropout(block.dropout);
  }
  for (const Hidden& hidden : architecture.hidden) {
    check_width("features", hidden.features);
    check_dropout(hidden.dropout);
  }
  const int reduction = 1 << architecture.blocks.size();
  if (architecture.image_size < reduction || architecture.image_size > max_image_size ||
      architecture.image_size % reduction != 0) {
    throw Error(fmt::format(
        "an image size of {} is not possible: {} times 2x2 pooling needs a multiple of {}, at most {}",
        architecture.image_size, architecture.blocks.size(), reduction, max_image_size));
  }
}

}  // namespace

std::int64_t Layer::parameters() const {
  if (input.empty() || output.empty()) throw Error("a layer needs the shapes of its input and output");
  switch (kind) {
    case LayerKind::convolution:
      return output[0] * input[0] * 9 + output[0];
    case LayerKind::batch_norm:
      return 2 * output[0];
    case LayerKind::linear:
      return output[0] * input[0] + output[0];
    default:
      return 0;
  }
}

std::vector<Layer> layers_of(const Architecture& architecture) {
  check(architecture);
  std::vector<Layer> layers;
  std::vector<std::int64_t> shape = {3, architecture.image_size, architecture.image_size};
  std::string module;
  int place = 0;  // in the nn.Sequential `module`
  const auto add = [&](LayerKind kind, const std::vector<std::int64_t>& output, double dropout = 0) {
    layers.push_back({kind, fmt::format("{}.{}", module, place++), shape, output, dropout});
    shape = output;
  };

  for (std::size_t i = 0; i < architecture.blocks.size(); ++i) {
    const Block& block = architecture.blocks[i];
    module = fmt::format("block{}", i + 1);
    place = 0;
    for (int convolution = 0; convolution < 2; ++convolution) {
      add(LayerKind::convolution, {block.channels, shape[1], shape[2]});
      add(LayerKind::batch_norm, shape);
      add(LayerKind::relu, shape);
    }
    add(LayerKind::max_pool, {block.channels, shape[1] / 2, shape[2] / 2});
    add(LayerKind::dropout2d, shape, block.dropout);
  }

  module = "classification_head";
  place = 0;
  add(LayerKind::flatten, {element_count(shape)});
  for (const Hidden& hidden : architecture.hidden) {
    add(LayerKind::linear, {hidden.features});
    add(LayerKind::relu, shape);
    add(LayerKind::dropout, shape, hidden.dropout);
  }
  add(LayerKind::linear, {architecture.classes});

  std::int64_t parameters = 0;
  for (const Layer& layer : layers) {
    parameters += layer.parameters();
    if (parameters > max_parameters) {
      throw Error(
          fmt::format("the network would have over {} parameters: choose a smaller image size or "
                      "narrower layers",
                      max_parameters));
    }
  }
  return layers;
}

const char* layer_kind_name(LayerKind kind) {
  switch (kind) {
    case LayerKind::convolution:
      return "Conv2d";
    case LayerKind::batch_norm:
      return "BatchNorm2d";
    case LayerKind::relu:
      return "ReLU";
    case LayerKind::max_pool:
      return "MaxPool2d";
    case LayerKind::dropout2d:
      return "Dropout2d";
    case LayerKind::flatten:
      return "Flatten";
    case LayerKind::linear:
      return "Linear";
    case LayerKind::dropout:
      return "Dropout";
  }
  return "";
}

}  // namespace bart
