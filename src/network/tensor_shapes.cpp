#include "tensor_shapes.h"

namespace bart {

std::vector<TensorShape> tensor_shapes(const Architecture& architecture) {
  std::vector<TensorShape> shapes;
  for (const Layer& layer : layers_of(architecture)) {
    switch (layer.kind) {
      case LayerKind::convolution:
        shapes.push_back({layer.name + ".weight", {layer.output[0], layer.input[0], 3, 3}});
        shapes.push_back({layer.name + ".bias", {layer.output[0]}});
        break;
      case LayerKind::batch_norm:
        for (const char* part : {".weight", ".bias", ".running_mean", ".running_var"}) {
          shapes.push_back({layer.name + part, {layer.output[0]}});
        }
        shapes.push_back({layer.name + ".num_batches_tracked", {}, true});
        break;
      case LayerKind::linear:
        shapes.push_back({layer.name + ".weight", {layer.output[0], layer.input[0]}});
        shapes.push_back({layer.name + ".bias", {layer.output[0]}});
        break;
      default:
        break;
    }
  }
  return shapes;
}

}  // namespace bart
