#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "bart/training/predictions.h"

namespace bart {

BatchNetwork in_company(BatchNetwork network) {
  Architecture architecture = network.architecture;
  auto evaluate = [network = std::move(network)](std::span<const std::uint8_t* const> pictures,
                                                 std::span<float> logits, std::span<float> features) {
    if (pictures.size() != 1) {
      network.evaluate(pictures, logits, features);
      return;
    }
    const std::array twice = {pictures.front(), pictures.front()};
    std::vector<float> both_logits(2 * logits.size()), both_features(2 * features.size());
    network.evaluate(twice, both_logits, both_features);
    std::copy_n(both_logits.begin(), logits.size(), logits.begin());
    std::copy_n(both_features.begin(), features.size(), features.begin());
  };
  return {std::move(architecture), std::move(evaluate)};
}

}  // namespace bart
