#include "training_step.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "bart/network/dropout.h"
#include "bart/platform/error.h"

namespace bart {

StepResult training_step(Engine& engine, const Batch& batch, Mt19937& generator, const StepOptions& options) {
  const DropoutMasks masks =
      draw_dropout_masks(engine.architecture(), static_cast<int>(batch.pictures.size()), generator);
  return engine.step(batch, masks, options);
}

std::vector<const std::uint8_t*> pictures_of(const LoadedPictures& pictures,
                                             std::span<const std::uint32_t> batch) {
  std::vector<const std::uint8_t*> pixels;
  for (const std::uint32_t i : batch) {
    pictures.will_need(i);  // so that a disk is read in one piece, not page by page
    pixels.push_back(pictures.picture(i));
  }
  return pixels;
}

std::vector<std::int32_t> labels_of(const LoadedPictures& pictures, std::span<const std::uint32_t> batch) {
  std::vector<std::int32_t> labels;
  for (const std::uint32_t i : batch) labels.push_back(pictures.labels[i]);
  return labels;
}

namespace {

std::vector<double> counts_of_classes(const LoadedPictures& pictures, std::span<const std::uint32_t> train) {
  std::vector<double> counts(pictures.classes.size());
  for (const std::uint32_t i : train) ++counts[static_cast<std::size_t>(pictures.labels[i])];
  return counts;
}

}  // namespace

std::vector<float> balanced_weights(const LoadedPictures& pictures, std::span<const std::uint32_t> train) {
  const std::vector<double> counts = counts_of_classes(pictures, train);
  std::vector<float> weights;
  for (const double count : counts) {
    // The weight of a class without pictures to train on is never used.
    weights.push_back(count == 0 ? 0
                                 : static_cast<float>(static_cast<double>(train.size()) /
                                                      (static_cast<double>(counts.size()) * count)));
  }
  return weights;
}

std::vector<float> logit_adjustments(const LoadedPictures& pictures, std::span<const std::uint32_t> train,
                                     double tau) {
  std::vector<float> adjustments;
  for (const double count : counts_of_classes(pictures, train)) {
    adjustments.push_back(
        static_cast<float>(tau * std::log(std::max(count, 1.0) / static_cast<double>(train.size()))));
  }
  return adjustments;
}

void check_labels(const LoadedPictures& pictures) {
  for (std::size_t i = 0; i < pictures.size(); ++i) {
    const std::int32_t label = pictures.labels[i];
    if (label < 0 || static_cast<std::size_t>(label) >= pictures.classes.size()) {
      throw Error(fmt::format("picture {} has the label {}, but there are {} classes", i, label,
                              pictures.classes.size()));
    }
  }
}

}  // namespace bart
