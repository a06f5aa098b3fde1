#include "bart/training/predictions.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "bart/platform/error.h"
#include "check_predictions.h"

namespace bart {
namespace {

/// Channels and side of the output of the last convolution: the shape of the features.
std::size_t features_of(const Architecture& architecture) {
  const auto side = static_cast<std::size_t>(architecture.image_size >> (architecture.blocks.size() - 1));
  return static_cast<std::size_t>(architecture.blocks.back().channels) * side * side;
}

}  // namespace

BatchNetwork batch_network(Engine& engine) {
  return {engine.architecture(), [&engine](std::span<const std::uint8_t* const> pictures,
                                           std::span<float> logits, std::span<float> features) {
            engine.evaluate_with_features(pictures, logits, features);
          }};
}

BatchNetwork batch_network(const Evaluator& evaluator) {
  return {evaluator.architecture(),
          [evaluator](std::span<const std::uint8_t* const> pictures, std::span<float> logits,
                      std::span<float> features) { evaluator.evaluate(pictures, logits, features); }};
}

PictureSource picture_source(const LoadedPictures& pictures, std::span<const std::uint32_t> indices) {
  for (const std::uint32_t i : indices) {
    if (i >= pictures.size()) throw Error(fmt::format("there is no picture {} of {}", i, pictures.size()));
  }
  return {.size = indices.size(),
          .picture = [&pictures, indices](std::size_t i) { return pictures.picture(indices[i]); },
          .will_need = [&pictures, indices](std::size_t i) { pictures.will_need(indices[i]); },
          .done_with = [&pictures, indices](std::size_t i) { pictures.done_with(indices[i]); }};
}

PictureSource picture_source(std::span<const std::uint8_t* const> pictures) {
  return {.size = pictures.size(), .picture = [pictures](std::size_t i) { return pictures[i]; }};
}

void evaluate_batches(const BatchNetwork& network, const PictureSource& pictures, const BatchOptions& options,
                      const std::function<void(const EvaluatedBatch&)>& take) {
  if (options.batch_size < 1) throw Error("a batch must hold at least one picture");
  if (pictures.size > 0 && (!network.evaluate || !pictures.picture))
    throw Error("an evaluation needs a network and pictures");
  const auto classes = static_cast<std::size_t>(network.architecture.classes);
  const std::size_t most = std::min(options.batch_size, pictures.size);
  std::vector<float> logits(most * classes);
  std::vector<float> features(options.with_features ? most * features_of(network.architecture) : 0);
  std::vector<const std::uint8_t*> batch;
  for (std::size_t first = 0; first < pictures.size; first += batch.size()) {
    const std::size_t end = std::min(pictures.size, first + options.batch_size);
    batch.clear();
    for (std::size_t i = first; i < end; ++i) batch.push_back(pictures.picture(i));
    if (pictures.will_need) {
      const std::size_t next_end = std::min(pictures.size, end + options.batch_size);
      for (std::size_t i = end; i < next_end; ++i) pictures.will_need(i);
    }
    const std::span<float> answers = std::span(logits).first(batch.size() * classes);
    const std::span<float> maps = std::span(features).first(features.size() / most * batch.size());
    network.evaluate(batch, answers, maps);
    if (pictures.done_with) {
      for (std::size_t i = first; i < end; ++i) pictures.done_with(i);
    }
    if (!std::ranges::all_of(answers, [](float logit) { return std::isfinite(logit); })) {
      throw NotFiniteError("the network's outputs are not finite: its weights are damaged");
    }
    take({first, batch.size(), answers, maps});
  }
}

Predictions predictions_of(const BatchNetwork& network, const PictureSource& pictures,
                           std::vector<std::int32_t> labels, std::size_t batch_size,
                           const OnProgress& progress) {
  if (labels.size() != pictures.size)
    throw Error(fmt::format("{} labels do not fit {} pictures", labels.size(), pictures.size));
  Predictions predictions{static_cast<std::size_t>(network.architecture.classes), std::move(labels), {}};
  predictions.logits.reserve(pictures.size * predictions.classes);
  evaluate_batches(network, pictures, {.batch_size = batch_size}, [&](const EvaluatedBatch& batch) {
    predictions.logits.insert(predictions.logits.end(), batch.logits.begin(), batch.logits.end());
    if (progress) progress(batch.first + batch.size, pictures.size);
  });
  return predictions;
}

Predictions predictions_of(const BatchNetwork& network, const LoadedPictures& pictures,
                           std::span<const std::uint32_t> indices, std::size_t batch_size,
                           const OnProgress& progress) {
  const PictureSource source = picture_source(pictures, indices);
  std::vector<std::int32_t> labels;
  for (const std::uint32_t i : indices) labels.push_back(pictures.labels[i]);
  return predictions_of(network, source, std::move(labels), batch_size, progress);
}

void check(const Predictions& predictions) {
  if (predictions.logits.size() != predictions.size() * predictions.classes ||
      (predictions.classes == 0 && predictions.size() > 0)) {
    throw Error(fmt::format("{} logits do not fit {} pictures and {} classes", predictions.logits.size(),
                            predictions.size(), predictions.classes));
  }
  for (const std::int32_t label : predictions.labels) {
    if (label < 0 || std::cmp_greater_equal(label, predictions.classes))
      throw Error(fmt::format("the label {} is not one of the {} classes", label, predictions.classes));
  }
}

std::vector<std::int32_t> predicted_labels(const Predictions& predictions) {
  check(predictions);
  std::vector<std::int32_t> labels;
  for (std::size_t i = 0; i < predictions.size(); ++i) labels.push_back(predicted_label(predictions.row(i)));
  return labels;
}

}  // namespace bart
