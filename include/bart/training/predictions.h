#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "bart/dataset/load.h"
#include "bart/engine/engine.h"

namespace bart {

/// What a network says of n pictures, beside what they are.
struct Predictions {
  std::size_t classes = 0;
  std::vector<std::int32_t> labels;  // [n], the truth
  std::vector<float> logits;         // [n, classes]

  std::size_t size() const { return labels.size(); }
  std::span<const float> row(std::size_t i) const { return std::span(logits).subspan(i * classes, classes); }
};

/// Of the pictures `indices`, in evaluation mode. `progress(done, total)` comes after each batch.
Predictions predictions_of(Engine& engine, const LoadedPictures& pictures,
                           std::span<const std::uint32_t> indices, int batch_size,
                           const std::function<void(std::size_t, std::size_t)>& progress = {});

/// The class of each picture's largest logit, the first of equals, as torch.max: [n].
std::vector<std::int32_t> predicted_labels(const Predictions& predictions);

}  // namespace bart
