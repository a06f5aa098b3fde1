#include "cross_validation.h"

#include <algorithm>
#include <map>

#include "bart/engine/softmax.h"
#include "bart/model/model.h"
#include "bart/network/dropout.h"
#include "bart/random/numpy.h"
#include "bart/training/predictions.h"
#include "bart/training/train.h"
#include "kept_folds.h"

namespace bart {

std::vector<std::vector<std::uint32_t>> audit_folds(std::span<const std::int32_t> labels,
                                                    std::span<const std::uint32_t> groups, int folds,
                                                    std::uint32_t seed) {
  const auto count = static_cast<std::size_t>(folds);
  std::map<std::int32_t, std::map<std::uint32_t, std::vector<std::uint32_t>>> classes;
  for (std::uint32_t i = 0; i < labels.size(); ++i) classes[labels[i]][groups[i]].push_back(i);
  std::vector<std::vector<std::uint32_t>> result(count);
  Mt19937 generator(seed);
  for (auto& [label, members] : classes) {
    std::vector<std::vector<std::uint32_t>> units;
    for (auto& [group, pictures] : members) {
      if (members.size() >= 2 * count) {
        units.push_back(std::move(pictures));
      } else {
        for (const std::uint32_t i : pictures) units.push_back({i});
      }
    }
    // The largest first, each to the fold that has the fewest pictures of the class; of these to the one with
    // the fewest pictures at all.
    const auto order = numpy_permutation(generator, static_cast<std::uint32_t>(units.size()));
    std::vector<std::vector<std::uint32_t>> shuffled;
    for (const std::uint32_t k : order) shuffled.push_back(std::move(units[k]));
    std::ranges::stable_sort(shuffled, std::greater<>(), [](const auto& unit) { return unit.size(); });
    std::vector<std::size_t> own(count);
    for (const auto& unit : shuffled) {
      std::size_t to = 0;
      for (std::size_t f = 1; f < count; ++f) {
        if (std::pair(own[f], result[f].size()) < std::pair(own[to], result[to].size())) to = f;
      }
      own[to] += unit.size();
      result[to].insert(result[to].end(), unit.begin(), unit.end());
    }
  }
  for (auto& fold : result) std::ranges::sort(fold);
  return result;
}

namespace {

/// The outputs for the pictures of a fold by a model that was trained without them. `training` counts
/// pictures, over all epochs of this fold.
Predictions train_and_predict(const LoadedPictures& pictures, const std::vector<std::uint32_t>& fold,
                              const SettledSettings& settings, const ReadLarger& larger,
                              const std::function<void(std::size_t)>& training,
                              const OnProgress& predicting) {
  const Architecture architecture = architecture_of(settings.values, pictures.classes.size());
  Split split;
  for (std::uint32_t i = 0; i < pictures.size(); ++i) {
    if (!std::ranges::binary_search(fold, i)) split.train.push_back(i);
  }
  const std::size_t size = split.train.size();
  TrainOptions options = settings.training;
  LoadedPictures larger_pictures;
  if (options.augmentation.changes()) {
    larger_pictures = larger(split.train);
    options.larger_pictures = &larger_pictures;
  }
  Training one(pictures, std::move(split), architecture, options,
               initial_training_state(architecture, options.seed, size, initial_values_of(settings.values)));
  TrainEvents events;
  events.step = [&](const StepRecord& step, std::size_t done, std::size_t) {
    training(static_cast<std::size_t>(step.epoch - 1) * size + done);
    return true;
  };
  one.run(events);
  const Model model({.state = one.model(), .classes = pictures.classes},
                    {.threads = options.threads, .device = options.device, .exact = options.exact});
  return predictions_of(model.network(), pictures, fold, static_cast<std::size_t>(options.batch_size),
                        predicting);
}

}  // namespace

std::vector<double> cross_validated_probabilities(const LoadedPictures& pictures,
                                                  const std::vector<std::vector<std::uint32_t>>& folds,
                                                  const SettledSettings& settings, const ReadLarger& larger,
                                                  const std::filesystem::path& kept,
                                                  const AuditObserver& observer) {
  const KeptFolds finished(kept, pictures, folds, settings.values);
  const auto epochs = static_cast<std::size_t>(settings.values.epochs);
  const std::size_t total = epochs * pictures.size() * (folds.size() - 1);
  std::size_t before = 0, predicted = 0;
  std::vector<double> probabilities(pictures.size() * pictures.classes.size());
  for (std::size_t f = 0; f < folds.size(); ++f) {
    const std::vector<std::uint32_t>& fold = folds[f];
    Predictions found;
    if (std::optional<std::vector<float>> logits = finished.read(f)) {
      found = {.classes = pictures.classes.size(), .labels = {}, .logits = *std::move(logits)};
    } else {
      found = train_and_predict(
          pictures, fold, settings, larger,
          [&](std::size_t done) {
            if (observer.training) observer.training(before + done, total);
          },
          [&](std::size_t done, std::size_t) {
            if (observer.predicting) observer.predicting(predicted + done, pictures.size());
          });
      finished.write(f, found.logits);
    }
    before += epochs * (pictures.size() - fold.size());
    predicted += fold.size();
    for (std::size_t k = 0; k < fold.size(); ++k) {
      std::ranges::copy(softmax(found.row(k)),
                        probabilities.begin() + static_cast<std::ptrdiff_t>(fold[k] * found.classes));
    }
    if (observer.fold) observer.fold(f + 1, folds.size());
  }
  return probabilities;
}

}  // namespace bart
