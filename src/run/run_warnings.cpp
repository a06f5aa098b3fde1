#include "run_warnings.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "bart/dataset/content.h"
#include "bart/platform/counted.h"
#include "bart/run/large_batch.h"

namespace bart {
namespace {

/// The share of the most frequent class in percent: the accuracy of always predicting that class.
double share_of_the_most_frequent(const LoadedPictures& pictures, std::span<const std::uint32_t> indices) {
  std::vector<std::size_t> counts(pictures.classes.size());
  for (const std::uint32_t i : indices) ++counts[static_cast<std::size_t>(pictures.labels[i])];
  return 100.0 * static_cast<double>(*std::ranges::max_element(counts)) / static_cast<double>(indices.size());
}

std::vector<std::uint64_t> hashes_of(const LoadedPictures& pictures, std::span<const std::uint32_t> indices) {
  std::vector<std::uint64_t> hashes;
  for (const std::uint32_t i : indices) hashes.push_back(pictures.hashes[i]);
  return hashes;
}

/// How many of the part `held_out` are among those that were trained on; 0: less than one in a hundred is. A
/// single copy among hundreds, as in the original's pictures, changes no figure.
std::size_t count_known(std::span<const std::uint64_t> held_out, std::span<const std::uint64_t> trained_on) {
  const auto known =
      static_cast<std::size_t>(std::ranges::count(match_by_content(held_out, trained_on), true));
  return 100 * known < held_out.size() ? 0 : known;
}

}  // namespace

std::string large_batch_sentence(int batch_size, std::size_t train_pictures) {
  if (static_cast<std::size_t>(batch_size) <= train_pictures) return {};
  return fmt::format(
      "The batch size is {}, but there {} to train on: each epoch is one step", batch_size,
      train_pictures == 1 ? "is 1 picture" : fmt::format("are {} pictures", with_commas(train_pictures)));
}

std::vector<std::string> warnings_before(const LoadedPictures& pictures, const Split& split,
                                         const RunSettings& settings) {
  std::vector<std::string> warnings;
  const std::vector<std::string> untrained =
      classes_without_training(split, pictures.labels, pictures.classes);
  if (!untrained.empty()) {
    const bool one = untrained.size() == 1;
    warnings.push_back(
        fmt::format("{} {} no picture to train on, so the model will not recognize {}: add pictures, or "
                    "choose a stratified split",
                    fmt::join(untrained, ", "), one ? "has" : "have", one ? "it" : "them"));
  }
  if (split.train.size() == 1) {
    warnings.push_back("There is only one picture to train on: the model will know nothing else");
  }
  if (std::string large = large_batch_sentence(settings.batch_size, split.train.size()); !large.empty())
    warnings.push_back(std::move(large));
  if (const std::vector<std::string> clipped = clipped_gray(pictures); !clipped.empty()) {
    warnings.push_back(clipped_gray_sentence(clipped.size(), clipped.front()));
  }
  return warnings;
}

std::vector<std::string> warnings_of_known_pictures(const LoadedPictures& pictures, const Split& split,
                                                    const InitialModel* initial) {
  std::vector<std::string> warnings;
  const auto look_at = [&](const char* part, std::span<const std::uint32_t> indices) {
    const std::vector<std::uint64_t> held_out = hashes_of(pictures, indices);
    const auto said = [&](std::size_t known) {
      return fmt::format("{} of the {} {} pictures ({:.1f} %)", with_commas(known),
                         with_commas(held_out.size()), part,
                         100.0 * static_cast<double>(known) / static_cast<double>(held_out.size()));
    };
    if (const std::size_t known = count_known(held_out, hashes_of(pictures, split.train)); known > 0) {
      warnings.push_back(fmt::format(
          "{} {}, too, by {} content: the figures say little about other pictures; keep each picture in one "
          "part alone",
          said(known), known == 1 ? "is a training picture" : "are training pictures",
          known == 1 ? "its" : "their"));
    }
    if (initial == nullptr) return;
    if (const std::size_t known = count_known(held_out, initial->trained_on); known > 0) {
      warnings.push_back(
          fmt::format("{} {} among the training pictures of {}, where this training begins: the figures say "
                      "little about other pictures; keep the split of that training",
                      said(known), known == 1 ? "was" : "were", initial->file.string()));
    }
  };
  look_at("validation", split.validation);
  look_at("test", split.test);
  return warnings;
}

std::vector<std::string> warnings_after(const LoadedPictures& pictures, const Split& split,
                                        const TrainingProgress& progress) {
  std::vector<std::string> warnings;
  if (progress.steps.empty()) return warnings;
  const double first = progress.steps.front().loss;
  const double last =
      progress.epochs.empty() ? static_cast<double>(progress.steps.back().loss) : progress.epochs.back().loss;
  // The steps of an epoch come before its validation, which sees what the last of them did. NaN: there was
  // none.
  const double validated = progress.epochs.empty() ? last : progress.epochs.back().validation_loss;
  if (last > 1000 * first || validated > 1000 * first) {
    warnings.push_back(fmt::format(
        "The loss grew from {:.3g} to {:.3g}: the model is of no use; train with a smaller learning rate",
        first, std::fmax(last, validated)));
  }
  const std::vector<std::uint32_t>& validation = split.validated();
  if (progress.epochs.empty() || validation.empty()) return warnings;
  const double guess = share_of_the_most_frequent(pictures, validation);
  const double best =
      std::ranges::max_element(progress.epochs, {}, &EpochRecord::validation_accuracy)->validation_accuracy;
  if (best <= guess) {
    warnings.push_back(
        fmt::format("No epoch was better than a guess: the best accuracy is {:.1f} %, and always predicting "
                    "the most frequent class of the validation pictures gives {:.1f} %",
                    best, guess));
  }
  return warnings;
}

}  // namespace bart
