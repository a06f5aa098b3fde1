#include "bart/explain/grad_cam.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "bart/platform/error.h"

namespace bart {
namespace {

struct FeatureShape {
  std::size_t channels, side;
  std::size_t count() const { return channels * side * side; }
};

FeatureShape feature_shape(const Architecture& architecture) {
  return {static_cast<std::size_t>(architecture.blocks.back().channels),
          static_cast<std::size_t>(architecture.image_size >> (architecture.blocks.size() - 1))};
}

const std::vector<float>& values_of(const StateDict& state, const std::string& name) {
  const Tensor* tensor = find_tensor(state, name);
  if (tensor == nullptr) throw Error(fmt::format("the network has no {}", name));
  return tensor->floats();
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

std::vector<Activations> activations_of(Engine& engine, std::span<const std::uint8_t* const> pictures) {
  constexpr std::size_t batch_size = 32;
  const auto classes = static_cast<std::size_t>(engine.architecture().classes);
  const std::size_t features = feature_shape(engine.architecture()).count();
  std::vector<Activations> result;
  for (std::size_t done = 0; done < pictures.size(); done += batch_size) {
    const std::size_t n = std::min(batch_size, pictures.size() - done);
    std::vector<float> logits(n * classes);
    std::vector<float> maps(n * features);
    engine.evaluate_with_features(pictures.subspan(done, n), logits, maps);
    for (std::size_t i = 0; i < n; ++i) {
      const auto part = [i](const std::vector<float>& of, std::size_t size) {
        const auto begin = of.begin() + static_cast<std::ptrdiff_t>(i * size);
        return std::vector<float>(begin, begin + static_cast<std::ptrdiff_t>(size));
      };
      result.push_back({part(logits, classes), part(maps, features)});
    }
  }
  return result;
}

GradCam::GradCam(const Architecture& architecture, const StateDict& state)
    : channels_(feature_shape(architecture).channels), side_(feature_shape(architecture).side) {
  for (const Layer& layer : layers_of(architecture)) {
    if (layer.kind != LayerKind::linear) continue;
    head_.push_back({values_of(state, layer.name + ".weight"), values_of(state, layer.name + ".bias")});
  }
}

std::vector<ClassActivationMap> GradCam::operator()(const Activations& activations,
                                                    std::span<const std::size_t> classes) const {
  // Forward through the head, whose dropouts pass everything; the outputs of the hidden layers tell the open
  // ReLUs.
  std::vector<std::vector<double>> inputs = {pooled(activations.features, channels_, side_)};
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
  for (const std::size_t c : classes) {
    // Backward: of the logits the gradient is 1 at c. A layer's gradient is its weights' rows, each times the
    // gradient of its output.
    std::vector<double> gradient(head_.back().bias.size(), 0.0);
    gradient.at(c) = 1;
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

    // The pooling hands each gradient to one place of its window, so that a map's sum stays what it is.
    const std::size_t pixels = side_ * side_;
    std::vector<double> sums(pixels, 0.0);
    for (std::size_t k = 0; k < channels_; ++k) {
      const auto its = gradient.begin() + static_cast<std::ptrdiff_t>(k * pixels / 4);
      const double alpha = std::accumulate(its, its + static_cast<std::ptrdiff_t>(pixels / 4), 0.0) /
                           static_cast<double>(pixels);
      const float* map = activations.features.data() + k * pixels;
      for (std::size_t p = 0; p < pixels; ++p) sums[p] += alpha * map[p];
    }
    ClassActivationMap& map = maps.emplace_back(ClassActivationMap{static_cast<int>(side_), {}});
    for (const double sum : sums) map.values.push_back(static_cast<float>(std::max(0.0, sum)));
  }
  return maps;
}

}  // namespace bart
