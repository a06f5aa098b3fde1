#include "bart/explain/grad_cam.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <utility>
#include <variant>

#include "bart/platform/error.h"

namespace bart {
namespace {

/// A tensor of the head, which must have as many values as the network needs.
std::vector<float> values_of(const StateDict& state, const std::string& name, std::int64_t count) {
  const Tensor* tensor = find_tensor(state, name);
  if (tensor == nullptr || !std::holds_alternative<std::vector<float>>(tensor->values) ||
      std::cmp_not_equal(tensor->floats().size(), count)) {
    throw Error(fmt::format("the network has no {} of {} values", name, count));
  }
  return tensor->floats();
}

/// The architecture itself. Throws Error when no such network is possible.
const Architecture& possible(const Architecture& architecture) {
  layers_of(architecture);
  return architecture;
}

/// 2x2 max-pooling and Flatten.
std::vector<double> pooled(std::span<const float> features, std::size_t channels, std::size_t side) {
  std::vector<double> flat;
  flat.reserve(features.size() / 4);
  for (std::size_t k = 0; k < channels; ++k) {
    const float* map = features.data() + k * side * side;
    for (std::size_t y = 0; y < side; y += 2) {
      for (std::size_t x = 0; x < side; x += 2) {
        const float* window = map + y * side + x;
        flat.push_back(std::max({window[0], window[1], window[side], window[side + 1]}));
      }
    }
  }
  return flat;
}

}  // namespace

ClassActivationMap ClassActivationMap::normalized() const {
  ClassActivationMap map = *this;
  const float largest = values.empty() ? 0 : *std::ranges::max_element(values);
  if (largest > 0) {
    for (float& value : map.values) value /= largest;
  }
  return map;
}

GradCam::GradCam(const Architecture& architecture, const StateDict& state)
    : channels_(static_cast<std::size_t>(possible(architecture).blocks.back().channels)),
      side_(static_cast<std::size_t>(architecture.image_size >> (architecture.blocks.size() - 1))) {
  for (const Layer& layer : layers_of(architecture)) {
    if (layer.kind != LayerKind::linear) continue;
    const std::int64_t inputs = element_count(layer.input), outputs = element_count(layer.output);
    head_.push_back({values_of(state, layer.name + ".weight", inputs * outputs),
                     values_of(state, layer.name + ".bias", outputs)});
  }
}

std::vector<ClassActivationMap> GradCam::operator()(std::span<const float> features,
                                                    std::span<const std::int32_t> classes) const {
  if (features.size() != channels_ * side_ * side_) {
    throw Error(
        fmt::format("Grad-CAM needs {} features, not {}", channels_ * side_ * side_, features.size()));
  }
  // Forward through the head, without dropout. The outputs of the hidden layers tell which ReLUs are open.
  std::vector<std::vector<double>> inputs = {pooled(features, channels_, side_)};
  for (std::size_t l = 0; l + 1 < head_.size(); ++l) {
    const std::vector<double>& input = inputs.back();
    std::vector<double> output;
    for (std::size_t o = 0; o < head_[l].bias.size(); ++o) {
      const float* row = head_[l].weights.data() + o * input.size();
      output.push_back(
          std::max(0.0, std::inner_product(input.begin(), input.end(), row, double{head_[l].bias[o]})));
    }
    inputs.push_back(std::move(output));
  }

  std::vector<ClassActivationMap> maps;
  for (const std::int32_t c : classes) {
    // Backward: the gradient of the logits is 1 at c. The gradient of a layer's input is the sum of the rows
    // of its weights, each times the gradient of that row's output.
    std::vector<double> gradient(head_.back().bias.size(), 0.0);
    if (c < 0 || std::cmp_greater_equal(c, gradient.size())) {
      throw Error(fmt::format("there is no class {}: the network has {}", c, gradient.size()));
    }
    gradient[static_cast<std::size_t>(c)] = 1;
    for (std::size_t l = head_.size(); l-- > 0;) {
      std::vector<double> below(inputs[l].size(), 0.0);
      for (std::size_t o = 0; o < gradient.size(); ++o) {
        if (gradient[o] == 0) continue;
        const float* row = head_[l].weights.data() + o * below.size();
        for (std::size_t i = 0; i < below.size(); ++i) below[i] += gradient[o] * row[i];
      }
      if (l > 0) {
        for (std::size_t i = 0; i < below.size(); ++i) below[i] = inputs[l][i] > 0 ? below[i] : 0;
      }
      gradient = std::move(below);
    }

    // Max-pooling passes each gradient to one place of its window, so the sum over a map does not change.
    const std::size_t pixels = side_ * side_;
    std::vector<double> sums(pixels, 0.0);
    for (std::size_t k = 0; k < channels_; ++k) {
      const auto first = gradient.begin() + static_cast<std::ptrdiff_t>(k * pixels / 4);
      const double alpha = std::accumulate(first, first + static_cast<std::ptrdiff_t>(pixels / 4), 0.0) /
                           static_cast<double>(pixels);
      const float* map = features.data() + k * pixels;
      for (std::size_t p = 0; p < pixels; ++p) sums[p] += alpha * map[p];
    }
    ClassActivationMap& map = maps.emplace_back(ClassActivationMap{static_cast<int>(side_), {}});
    for (const double sum : sums) map.values.push_back(static_cast<float>(std::max(0.0, sum)));
  }
  return maps;
}

}  // namespace bart
