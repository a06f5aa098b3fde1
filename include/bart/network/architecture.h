#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace bart {

/// Two 3x3 convolutions, each with BatchNorm and ReLU, then 2x2 max-pooling and Dropout2d.
struct Block {
  int channels;
  double dropout;
};

/// A fully connected layer with ReLU and Dropout.
struct Hidden {
  int features;
  double dropout;
};

/// The network as data, from which its parameters, shapes, initial values and execution plan follow.
struct Architecture {
  int classes = 0;
  int image_size = 128;  // a multiple of 2^blocks
  std::vector<Block> blocks = {{32, 0.25}, {64, 0.25}, {128, 0.4}, {256, 0.4}};
  std::vector<Hidden> hidden = {{512, 0.5}, {256, 0.5}};
};

enum class LayerKind { convolution, batch_norm, relu, max_pool, dropout2d, flatten, linear, dropout };

/// One layer in execution order, with PyTorch's module name ("block1.0", "classification_head.7").
struct Layer {
  LayerKind kind;
  std::string name;
  std::vector<std::int64_t> input;  // shape without the batch: {C, H, W} or {F}
  std::vector<std::int64_t> output;
  double dropout = 0;               // of dropout layers: the probability that a value becomes zero
  std::int64_t parameters() const;  // the number of learned values
};

/// The layers of `architecture`. Throws Error when no such network is possible (impossible sizes, fewer than
/// 2 classes, …).
std::vector<Layer> layers_of(const Architecture& architecture);

/// PyTorch's class name of the layer, "Conv2d", for tables.
const char* layer_kind_name(LayerKind kind);

}  // namespace bart
