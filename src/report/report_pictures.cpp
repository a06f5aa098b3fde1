#include <algorithm>
#include <iterator>
#include <numeric>

#include "bart/engine/softmax.h"
#include "bart/report/report.h"

namespace bart {
namespace {

constexpr std::size_t most_shown = 12;     // of each kind that is explained
constexpr std::size_t most_others = 5000;  // shown_pictures() limits their bytes

}  // namespace

std::vector<ReportPicture> ReportPictures::all() const {
  std::vector<ReportPicture> both = worst;
  std::ranges::copy(uncertain, std::back_inserter(both));
  return both;
}

ReportPictures report_pictures(const Predictions& predictions) {
  const std::vector<std::int32_t> predicted = predicted_labels(predictions);
  std::vector<double> of_truth, of_predicted;  // probabilities
  for (std::size_t i = 0; i < predictions.size(); ++i) {
    const std::vector<double> probabilities = softmax(predictions.row(i));
    of_truth.push_back(probabilities[static_cast<std::size_t>(predictions.labels[i])]);
    of_predicted.push_back(probabilities[static_cast<std::size_t>(predicted[i])]);
  }
  std::vector<std::size_t> order(predictions.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::vector<std::size_t> wrong;
  std::ranges::copy_if(order, std::back_inserter(wrong),
                       [&](std::size_t i) { return predicted[i] != predictions.labels[i]; });
  std::ranges::stable_sort(wrong, {}, [&](std::size_t i) { return of_truth[i]; });
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return of_predicted[i]; });

  ReportPictures chosen;
  for (const std::size_t i : std::span(wrong).first(std::min(wrong.size(), most_shown + most_others))) {
    (chosen.worst.size() < most_shown ? chosen.worst : chosen.other_mistakes)
        .push_back({i, {predicted[i], predictions.labels[i]}});
  }
  for (const std::size_t i : order) {
    if (chosen.uncertain.size() == most_shown) break;
    if (predicted[i] == predictions.labels[i]) {
      chosen.uncertain.push_back({i, likeliest_classes(predictions.row(i), 2)});
    }
  }
  return chosen;
}

}  // namespace bart
