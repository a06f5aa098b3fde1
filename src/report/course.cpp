#include "course.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "bart/record/best_by.h"

namespace bart {

int best_epoch_of(const RunRecord& run) {
  if (run.epochs.empty() || std::isnan(run.epochs.back().validation_accuracy)) return 0;
  return best_epoch(run.epochs, best_by(run.settings));
}

std::vector<std::string> course_of(const RunRecord& run, const ConfusionMatrix& matrix) {
  std::vector<std::string> sentences;
  std::int64_t largest = 0, all = 0;
  for (std::int32_t label = 0; label < static_cast<std::int32_t>(matrix.classes); ++label) {
    largest = std::max(largest, matrix.support(label));
    all += matrix.support(label);
  }
  sentences.push_back(
      fmt::format("Chance level: naming always the most frequent class would be correct for {:.1f} % of the "
                  "test pictures, a "
                  "random guess for {:.1f} %.",
                  100.0 * static_cast<double>(largest) / static_cast<double>(std::max<std::int64_t>(all, 1)),
                  100.0 / static_cast<double>(std::max<std::size_t>(matrix.classes, 1))));
  const int best = best_epoch_of(run);
  const auto epochs = static_cast<int>(run.epochs.size());
  if (best == 0 || epochs < 3) return sentences;
  const int recent = std::max(1, epochs / 10);  // the last tenth
  if (best > epochs - recent) {
    sentences.push_back(
        fmt::format("The best epoch is {} of {}: the training was still improving when it ended, so "
                    "more epochs may give a better model.",
                    best, epochs));
  } else {
    sentences.push_back(fmt::format(
        "The best epoch is {} of {}: the epochs after it made the model no better.", best, epochs));
  }
  const auto lowest = std::ranges::min_element(run.epochs, {}, &EpochRecord::validation_loss);
  const EpochRecord& last = run.epochs.back();
  if (last.validation_loss > 1.1 * lowest->validation_loss && last.loss < lowest->loss) {
    sentences.push_back(fmt::format(
        "Overfitting: after epoch {} the validation loss rose from {:.3f} to {:.3f} while the training loss "
        "went on "
        "falling, from {:.3f} to {:.3f}. Augmentation, regularization or fewer epochs help against that.",
        lowest->epoch, lowest->validation_loss, last.validation_loss, lowest->loss, last.loss));
  }
  return sentences;
}

}  // namespace bart
