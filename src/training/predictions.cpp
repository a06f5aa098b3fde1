#include "bart/training/predictions.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "bart/dataset/check_pixels.h"
#include "bart/platform/error.h"
#include "check_predictions.h"

namespace bart {
namespace {

/// Channels and side of the output of the last convolution: the shape of the features.
std::size_t features_of(const Architecture& architecture) {
  const auto side = static_cast<std::size_t>(architecture.image_size >> (architecture.blocks.size() - 1));
  return static_cast<std::size_t>(architecture.blocks.back().channels) * side * side;
}

/// Each process of a group evaluates a batch in a round, as long as there are any; one process alone does so
/// in rounds of one batch.
struct Rounds {
  struct Batch {
    std::size_t first, end;
  };
  std::size_t pictures, batch_size, processes, rank, size;  // size: pictures of a round

  Rounds(std::size_t count, const BatchOptions& options)
      : pictures(count),
        batch_size(options.batch_size),
        processes(options.group == nullptr ? 1 : static_cast<std::size_t>(options.group->size())),
        rank(options.group == nullptr ? 0 : static_cast<std::size_t>(options.group->rank())),
        size(processes * batch_size) {}

  /// The batch of a process in the round that begins with the picture `first`; it may be empty.
  Batch batch(std::size_t first, std::size_t process) const {
    const std::size_t begin = std::min(pictures, first + process * batch_size);
    return {begin, begin + std::min(batch_size, pictures - begin)};
  }
  /// Bytes of the logits of each process.
  std::vector<std::size_t> bytes(std::size_t first, std::size_t classes) const {
    std::vector<std::size_t> lengths;
    for (std::size_t process = 0; process < processes; ++process) {
      const Batch one = batch(first, process);
      lengths.push_back((one.end - one.first) * classes * sizeof(float));
    }
    return lengths;
  }
};

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
  check_pixels(pictures);
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
  if (options.batch_size < 1 || !std::in_range<int>(options.batch_size))
    throw Error(fmt::format("a batch of {} pictures is not possible", options.batch_size));
  if (pictures.size > 0 && (!network.evaluate || !pictures.picture || !take))
    throw Error("an evaluation needs a network, pictures, and a function that takes the outputs");
  if (options.group != nullptr && options.with_features) throw Error("a group shares no features");
  const auto classes = static_cast<std::size_t>(network.architecture.classes);
  const Rounds rounds(pictures.size, options);
  const std::size_t most = std::min(options.batch_size, pictures.size);
  std::vector<float> logits(most * classes), all_logits;
  std::vector<float> features(options.with_features ? most * features_of(network.architecture) : 0);
  std::vector<const std::uint8_t*> batch;
  for (std::size_t first = 0; first < pictures.size; first += rounds.size) {
    const Rounds::Batch own = rounds.batch(first, rounds.rank);
    batch.clear();
    for (std::size_t i = own.first; i < own.end; ++i) batch.push_back(pictures.picture(i));
    if (pictures.will_need) {
      const Rounds::Batch next = rounds.batch(first + rounds.size, rounds.rank);
      for (std::size_t i = next.first; i < next.end; ++i) pictures.will_need(i);
    }
    std::span<float> answers = std::span(logits).first(batch.size() * classes);
    const std::span<float> maps = std::span(features).first(features.size() / most * batch.size());
    if (!batch.empty()) network.evaluate(batch, answers, maps);
    if (pictures.done_with) {
      for (std::size_t i = own.first; i < own.end; ++i) pictures.done_with(i);
    }
    const std::size_t count = std::min(rounds.size, pictures.size - first);
    if (options.group != nullptr) {
      all_logits.resize(count * classes);
      options.group->gather(answers.data(), rounds.bytes(first, classes), all_logits.data());
      answers = all_logits;
    }
    // With a group all its processes find it at once, so that none waits for another.
    if (!std::ranges::all_of(answers, [](float logit) { return std::isfinite(logit); })) {
      throw NotFiniteError("the network's outputs are not finite: its weights are damaged");
    }
    take({first, count, answers, maps});
  }
}

Predictions predictions_of(const BatchNetwork& network, const PictureSource& pictures,
                           std::vector<std::int32_t> labels, std::size_t batch_size,
                           const OnProgress& progress, Group* group) {
  if (labels.size() != pictures.size)
    throw Error(fmt::format("{} labels do not fit {} pictures", labels.size(), pictures.size));
  for (const std::int32_t label : labels) {
    if (label < 0 || label >= network.architecture.classes)
      throw Error(
          fmt::format("the label {} is not one of the {} classes", label, network.architecture.classes));
  }
  Predictions predictions{static_cast<std::size_t>(network.architecture.classes), std::move(labels), {}};
  predictions.logits.reserve(pictures.size * predictions.classes);
  evaluate_batches(
      network, pictures, {.batch_size = batch_size, .group = group}, [&](const EvaluatedBatch& batch) {
        predictions.logits.insert(predictions.logits.end(), batch.logits.begin(), batch.logits.end());
        if (progress) progress(batch.first + batch.size, pictures.size);
      });
  return predictions;
}

Predictions predictions_of(const BatchNetwork& network, const LoadedPictures& pictures,
                           std::span<const std::uint32_t> indices, std::size_t batch_size,
                           const OnProgress& progress, Group* group) {
  if (pictures.image_size != network.architecture.image_size) {
    throw Error(fmt::format("the network takes pictures of {0} x {0}, these are {1} x {1}",
                            network.architecture.image_size, pictures.image_size));
  }
  const PictureSource source = picture_source(pictures, indices);
  std::vector<std::int32_t> labels;
  for (const std::uint32_t i : indices) labels.push_back(pictures.labels[i]);
  return predictions_of(network, source, std::move(labels), batch_size, progress, group);
}

void check(const Predictions& predictions) {
  const std::size_t n = predictions.size(), logits = predictions.logits.size();
  if (predictions.classes == 0 ? n > 0 || logits > 0
                               : logits % predictions.classes != 0 || logits / predictions.classes != n) {
    throw Error(fmt::format("{} logits do not fit {} pictures and {} classes", predictions.logits.size(),
                            predictions.size(), predictions.classes));
  }
  for (const std::int32_t label : predictions.labels) {
    if (label < 0 || std::cmp_greater_equal(label, predictions.classes))
      throw Error(fmt::format("the label {} is not one of the {} classes", label, predictions.classes));
  }
  if (!std::ranges::all_of(predictions.logits, [](float logit) { return std::isfinite(logit); }))
    throw NotFiniteError("a logit of the predictions is not finite");
}

std::vector<std::int32_t> predicted_labels(const Predictions& predictions) {
  check(predictions);
  std::vector<std::int32_t> labels;
  for (std::size_t i = 0; i < predictions.size(); ++i) labels.push_back(predicted_label(predictions.row(i)));
  return labels;
}

}  // namespace bart
