#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "bart/engine/engine.h"
#include "bart/network/architecture.h"
#include "bart/network/state_dict.h"

namespace bart {

/// Where in a picture the evidence for one class lies, from the top left.
struct ClassActivationMap {
  int side = 0;
  std::vector<float> values;  // [side, side], not negative; as large as the logit's gradients make them

  /// From 0 to 1: divided by the largest value. All 0 where the network found nothing for the class.
  ClassActivationMap normalized() const;
};

/// What the network makes of one picture: its logits, and what Grad-CAM needs besides.
struct Activations {
  std::vector<float> logits;    // [classes]
  std::vector<float> features;  // [channels, side, side] of the last convolution
};

/// The activations of pictures in evaluation mode: n pointers to [image_size, image_size, 3].
std::vector<Activations> activations_of(Engine& engine, std::span<const std::uint8_t* const> pictures);

/// Grad-CAM (Selvaraju et al., Grad-CAM: Visual Explanations from Deep Networks via Gradient-based
/// Localization, ICCV 2017) of the network's last block: the feature maps A^k are the output of its second
/// convolution behind BatchNorm and ReLU, before the pooling, 16x16 for pictures of 128x128. Of the score y^c
/// (the logit) the weights are alpha_k = mean over the map of dy^c / dA^k (equation 1), and the map is
/// ReLU(sum_k alpha_k A^k) (equation 2). In evaluation mode, in double precision.
class GradCam {
 public:
  /// `state` is of that architecture. It is kept by reference.
  GradCam(const Architecture& architecture, const StateDict& state);

  /// A map for each of `classes`, in their order.
  std::vector<ClassActivationMap> operator()(const Activations& activations,
                                             std::span<const std::size_t> classes) const;

 private:
  struct Linear {
    const std::vector<float>& weights;  // [out, in]
    const std::vector<float>& bias;     // [out]
  };

  std::size_t channels_;
  std::size_t side_;
  std::vector<Linear> head_;
};

}  // namespace bart
