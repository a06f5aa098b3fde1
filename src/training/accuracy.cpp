#include "bart/training/accuracy.h"

#include <algorithm>
#include <vector>

namespace bart {

double accuracy_percent(Engine& engine, const LoadedPictures& pictures,
                        std::span<const std::uint32_t> indices, int batch_size,
                        const std::function<void(std::size_t, std::size_t)>& progress) {
  const auto classes = static_cast<std::size_t>(engine.architecture().classes);
  std::vector<const std::uint8_t*> batch;
  std::vector<float> logits;
  std::size_t correct = 0;
  for (std::size_t done = 0; done < indices.size();) {
    const auto chunk =
        indices.subspan(done, std::min(indices.size() - done, static_cast<std::size_t>(batch_size)));
    batch.clear();
    for (const std::uint32_t i : chunk) batch.push_back(pictures.picture(i));
    logits.resize(chunk.size() * classes);
    engine.evaluate(batch, logits);
    for (std::size_t i = 0; i < chunk.size(); ++i) {
      const float* row = logits.data() + i * classes;
      correct += std::max_element(row, row + classes) - row == pictures.labels[chunk[i]];
    }
    done += chunk.size();
    if (progress) progress(done, indices.size());
  }
  return 100.0 * static_cast<double>(correct) / static_cast<double>(indices.size());
}

}  // namespace bart
