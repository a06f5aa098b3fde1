#include "bart/network/dropout.h"

#include <string>

#include "bart/platform/error.h"
#include "bart/random/torch.h"

namespace bart {

DropoutMasks draw_dropout_masks(const Architecture& architecture, int n, Mt19937& generator) {
  if (n < 0) throw Error("dropout masks are for 0 or more pictures, not " + std::to_string(n));
  DropoutMasks masks;
  for (const Layer& layer : layers_of(architecture)) {
    if (layer.kind != LayerKind::dropout2d && layer.kind != LayerKind::dropout) continue;
    const auto flags_per_image = static_cast<std::size_t>(layer.output[0]);  // channels or features
    std::vector<std::uint8_t>& keep = masks.emplace_back(static_cast<std::size_t>(n) * flags_per_image, 1);
    if (layer.dropout > 0)
      torch_bernoulli(generator, 1 - layer.dropout, keep);  // for a rate of 0 PyTorch draws nothing
  }
  return masks;
}

}  // namespace bart
