#include <algorithm>
#include <cmath>
#include <numeric>

#include "bart/training/predictions.h"

namespace bart {

Predictions shared_predictions(Group& group, const BatchNetwork& network, const LoadedPictures& pictures,
                               std::span<const std::uint32_t> indices, std::size_t batch_size,
                               const OnProgress& progress) {
  const auto classes = static_cast<std::size_t>(network.architecture.classes);
  const auto processes = static_cast<std::size_t>(group.size());
  Predictions predictions{
      .classes = classes, .labels = {}, .logits = std::vector<float>(indices.size() * classes)};
  for (const std::uint32_t i : indices) predictions.labels.push_back(pictures.labels[i]);
  std::vector<float> own(batch_size * classes);
  // In each round every process evaluates a batch, as long as there are any.
  for (std::size_t first = 0; first < indices.size(); first += processes * batch_size) {
    std::vector<std::size_t> bytes;
    std::span<const std::uint32_t> batch;
    for (std::size_t p = 0; p < processes; ++p) {
      const std::size_t begin = std::min(indices.size(), first + p * batch_size);
      const std::size_t count = std::min(indices.size() - begin, batch_size);
      bytes.push_back(count * classes * sizeof(float));
      if (static_cast<int>(p) == group.rank()) batch = indices.subspan(begin, count);
    }
    if (!batch.empty()) {
      std::vector<const std::uint8_t*> pixels;
      for (const std::uint32_t i : batch) {
        pictures.will_need(i);
        pixels.push_back(pictures.picture(i));
      }
      network.evaluate(pixels, std::span(own).first(batch.size() * classes), {});
      for (const std::uint32_t i : batch) pictures.done_with(i);
    }
    float* all = predictions.logits.data() + first * classes;
    group.gather(own.data(), bytes, all);
    const std::size_t count = std::reduce(bytes.begin(), bytes.end()) / sizeof(float);
    // Found by all processes at once, so that none waits for another.
    if (!std::all_of(all, all + count, [](float logit) { return std::isfinite(logit); })) {
      throw NotFiniteError("the network's outputs are not finite: its weights are damaged");
    }
    if (progress) progress(std::min(indices.size(), first + processes * batch_size), indices.size());
  }
  return predictions;
}

}  // namespace bart
