#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "bart/network/architecture.h"
#include "bart/network/state_dict.h"

namespace bart {

/// How much each part of a picture counts for one class, from the top left.
struct ClassActivationMap {
  int side = 0;
  std::vector<float> values;  // [side, side], at least 0, not normalized

  /// The map divided by its largest value, so from 0 to 1. All 0 if no part of the picture counts for the
  /// class.
  ClassActivationMap normalized() const;
};

/// The prediction of a network for one picture, and which parts of the picture count for some classes.
struct Explanation {
  std::vector<float> logits;             // [classes of the network]
  std::vector<std::int32_t> classes;     // the explained classes
  std::vector<ClassActivationMap> maps;  // one for each of them
};

/// Grad-CAM (Selvaraju et al., Grad-CAM: Visual Explanations from Deep Networks via Gradient-based
/// Localization, ICCV 2017) of the network's last block: the feature maps A^k are the output of its second
/// convolution after BatchNorm and ReLU, before the pooling, 16x16 for pictures of 128x128. Of the score y^c
/// (the logit) the weights are alpha_k = mean over the map of dy^c / dA^k (equation 1), and the map is
/// ReLU(sum_k alpha_k A^k) (equation 2). Everything is computed in evaluation mode and in double precision.
///
/// Holds a copy of the weights of the fully connected layers; may be called from several threads at once.
class GradCam {
 public:
  /// Throws Error when `state` is not that of a network of this architecture.
  GradCam(const Architecture& architecture, const StateDict& state);

  /// One map for each of `classes`, in their order, from the activations of the last convolution, [channels,
  /// side, side] (the features of evaluate_batches()). Throws Error when `features` has another size, or the
  /// network has no such class.
  std::vector<ClassActivationMap> operator()(std::span<const float> features,
                                             std::span<const std::int32_t> classes) const;

 private:
  struct Linear {
    std::vector<float> weights;  // [out, in]
    std::vector<float> bias;     // [out]
  };

  std::size_t channels_;
  std::size_t side_;
  std::vector<Linear> head_;
};

}  // namespace bart
