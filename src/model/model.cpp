#include "bart/model/model.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "bart/engine/softmax.h"
#include "bart/model/model_file.h"
#include "bart/pictures/resize.h"
#include "bart/platform/error.h"
#include "bart/platform/threads.h"

namespace bart {
namespace {

constexpr std::size_t batch_size = 32;

}  // namespace

Model Model::load(const std::filesystem::path& model, const std::filesystem::path& labels,
                  const ModelOptions& options) {
  ModelFile file = read_model_file(model, labels);
  return Model(file.state, std::move(file.classes), options);
}

Model::Model(const StateDict& state, std::vector<std::string> classes, const ModelOptions& options)
    : threads_(options.threads > 0 ? options.threads : available_threads()),
      engine_(architecture_of(state), {.threads = threads_, .evaluation_precision = options.precision}),
      classes_(std::move(classes)) {
  if (engine_.architecture().classes != static_cast<int>(classes_.size())) {
    throw Error(fmt::format("the network tells {} classes apart, but {} are named",
                            engine_.architecture().classes, classes_.size()));
  }
  engine_.load(state);
}

std::vector<float> Model::predict_proba_resized(std::span<const std::uint8_t* const> pictures) {
  std::vector<float> probabilities(pictures.size() * classes_.size());
  for (std::size_t done = 0; done < pictures.size(); done += batch_size) {
    const std::size_t n = std::min(batch_size, pictures.size() - done);
    engine_.evaluate(pictures.subspan(done, n),
                     std::span(probabilities).subspan(done * classes_.size(), n * classes_.size()));
  }
  if (!std::ranges::all_of(probabilities, [](float logit) { return std::isfinite(logit); })) {
    throw Error("the network answers with what is no number: its weights are damaged");
  }
  for (std::size_t i = 0; i < pictures.size(); ++i) {
    const auto row = std::span(probabilities).subspan(i * classes_.size(), classes_.size());
    std::ranges::transform(softmax(row), row.begin(), [](double p) { return static_cast<float>(p); });
  }
  return probabilities;
}

std::vector<float> Model::predict_proba(std::span<const Picture> pictures) {
  std::vector<Picture> resized(pictures.size());
  parallel_for(pictures.size(), threads_,
               [&](std::size_t i) { resized[i] = resize_picture(pictures[i], image_size(), image_size()); });
  std::vector<const std::uint8_t*> pixels;
  for (const Picture& picture : resized) pixels.push_back(picture.pixels.data());
  return predict_proba_resized(pixels);
}

std::vector<int> Model::predict(std::span<const Picture> pictures) {
  const std::vector<float> probabilities = predict_proba(pictures);
  std::vector<int> labels;
  for (std::size_t i = 0; i < pictures.size(); ++i) {
    const auto row = std::span(probabilities).subspan(i * classes_.size(), classes_.size());
    labels.push_back(static_cast<int>(std::max_element(row.begin(), row.end()) - row.begin()));
  }
  return labels;
}

}  // namespace bart
