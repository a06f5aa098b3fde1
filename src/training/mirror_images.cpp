#include <algorithm>
#include <utility>
#include <vector>

#include "bart/training/predictions.h"

namespace bart {

BatchNetwork with_mirror_images(BatchNetwork network) {
  Architecture architecture = network.architecture;
  const auto side = static_cast<std::size_t>(architecture.image_size);
  auto evaluate = [network = std::move(network), side](std::span<const std::uint8_t* const> pictures,
                                                       std::span<float> logits, std::span<float> features) {
    network.evaluate(pictures, logits, features);
    std::vector<std::uint8_t> pixels(pictures.size() * side * side * 3);
    std::vector<const std::uint8_t*> mirrored(pictures.size());
    for (std::size_t i = 0; i < pictures.size(); ++i) {
      std::uint8_t* const picture = pixels.data() + i * side * side * 3;
      mirrored[i] = picture;
      for (std::size_t p = 0; p < side * side; ++p) {
        const std::size_t from = p / side * side + (side - 1 - p % side);
        std::copy_n(pictures[i] + 3 * from, 3, picture + 3 * p);
      }
    }
    std::vector<float> others(logits.size());
    network.evaluate(mirrored, others, {});
    std::ranges::transform(logits, others, logits.begin(),
                           [](float one, float other) { return 0.5f * (one + other); });
  };
  return {std::move(architecture), std::move(evaluate)};
}

}  // namespace bart
