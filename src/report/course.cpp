#include "course.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "bart/record/best_by.h"

namespace bart {

int best_epoch_of(const RunRecord& run) {
  if (run.epochs.empty() || std::isnan(run.epochs.back().validation_accuracy)) return 0;
  return best_epoch(run.epochs, best_by(run.settings));
}

namespace {

std::string chance(const RunRecord& run, const ConfusionMatrix* matrix) {
  const double guess = 100.0 / static_cast<double>(std::max<std::size_t>(run.classes.size(), 1));
  if (matrix == nullptr) return fmt::format("Chance level: a random guess is correct for {:.1f} %.", guess);
  std::int64_t largest = 0, all = 0;
  for (std::int32_t label = 0; label < static_cast<std::int32_t>(matrix->classes); ++label) {
    largest = std::max(largest, matrix->support(label));
    all += matrix->support(label);
  }
  return fmt::format(
      "Chance level: always naming the most frequent class is correct for {:.1f} % of these pictures, a "
      "random "
      "guess for {:.1f} %.",
      100.0 * static_cast<double>(largest) / static_cast<double>(std::max<std::int64_t>(all, 1)), guess);
}

/// The epochs with a validation.
std::vector<EpochRecord> validated(const RunRecord& run) {
  std::vector<EpochRecord> epochs;
  std::ranges::copy_if(run.epochs, std::back_inserter(epochs),
                       [](const EpochRecord& epoch) { return std::isfinite(epoch.validation_loss); });
  return epochs;
}

}  // namespace

std::vector<std::string> course_of(const RunRecord& run, const ConfusionMatrix* matrix) {
  std::vector<std::string> sentences = {chance(run, matrix)};
  if (run.status == "diverged") {
    sentences.emplace_back(
        "The training diverged: its loss or outputs were no longer finite. A smaller learning rate or a "
        "warm-up would help.");
    return sentences;
  }
  const auto epochs = static_cast<int>(run.epochs.size());
  if (epochs < 3) {
    sentences.emplace_back("Fewer than three epochs are too few to say how the training is going.");
    return sentences;
  }
  const auto least = std::ranges::min_element(run.epochs, {}, &EpochRecord::loss);
  const EpochRecord& last = run.epochs.back();
  if (last.loss > 1.5 * least->loss && last.epoch > least->epoch) {
    sentences.push_back(
        fmt::format("Diverging: the training loss rose from {:.3f} in epoch {} to {:.3f} in epoch {}. A "
                    "smaller learning rate or a warm-up would help.",
                    least->loss, least->epoch, last.loss, last.epoch));
  }
  const int best = best_epoch_of(run);
  if (best == 0) return sentences;
  const int recent = std::max(1, epochs / 10);  // the last tenth
  if (best > epochs - recent) {
    sentences.push_back(
        run.unfinished()
            ? fmt::format("The best epoch is {} of {} so far: the training is still improving.", best, epochs)
            : fmt::format(
                  "The best epoch is {} of {}: the training was still improving when it ended, so more "
                  "epochs may give a better model.",
                  best, epochs));
  } else {
    sentences.push_back(
        fmt::format("The best epoch is {} of {}{}: the epochs after it made the model no better.", best,
                    epochs, run.unfinished() ? " so far" : ""));
  }
  const std::vector<EpochRecord> measured = validated(run);
  const auto lowest = std::ranges::min_element(measured, {}, &EpochRecord::validation_loss);
  if (last.validation_loss > 1.1 * lowest->validation_loss && last.loss < lowest->loss) {
    sentences.push_back(fmt::format(
        "Overfitting: after epoch {} the validation loss rose from {:.3f} to {:.3f} while the training loss "
        "went on "
        "falling, from {:.3f} to {:.3f}. Augmentation, regularization or fewer epochs would help.",
        lowest->epoch, lowest->validation_loss, last.validation_loss, lowest->loss, last.loss));
  }
  return sentences;
}

}  // namespace bart
