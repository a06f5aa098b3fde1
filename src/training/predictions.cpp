#include "bart/training/predictions.h"

#include <algorithm>

namespace bart {

Predictions predictions_of(Engine& engine, const LoadedPictures& pictures,
                           std::span<const std::uint32_t> indices, int batch_size,
                           const std::function<void(std::size_t, std::size_t)>& progress) {
  Predictions predictions;
  predictions.classes = static_cast<std::size_t>(engine.architecture().classes);
  predictions.logits.resize(indices.size() * predictions.classes);
  for (const std::uint32_t i : indices) predictions.labels.push_back(pictures.labels[i]);

  std::vector<const std::uint8_t*> batch;
  for (std::size_t done = 0; done < indices.size();) {
    const std::size_t n = std::min(indices.size() - done, static_cast<std::size_t>(batch_size));
    batch.clear();
    for (const std::uint32_t i : indices.subspan(done, n)) batch.push_back(pictures.picture(i));
    // Of pictures on a disk, the next batch's come while this one computes.
    for (const std::uint32_t i : indices.subspan(done + n, std::min(n, indices.size() - done - n))) {
      pictures.will_need(i);
    }
    engine.evaluate(
        batch, std::span(predictions.logits).subspan(done * predictions.classes, n * predictions.classes));
    for (const std::uint32_t i : indices.subspan(done, n)) pictures.done_with(i);
    done += n;
    if (progress) progress(done, indices.size());
  }
  return predictions;
}

std::vector<std::int32_t> predicted_labels(const Predictions& predictions) {
  std::vector<std::int32_t> labels;
  for (std::size_t i = 0; i < predictions.size(); ++i) {
    const std::span<const float> row = predictions.row(i);
    labels.push_back(static_cast<std::int32_t>(std::max_element(row.begin(), row.end()) - row.begin()));
  }
  return labels;
}

}  // namespace bart
