#include <fmt/format.h>

#include "bart/engine/softmax.h"
#include "bart/html/html.h"
#include "page_words.h"
#include "picture_map.h"
#include "sections.h"

namespace bart {
namespace {

constexpr double width = 1000, height = 640, margin = 12;
constexpr std::size_t most_pictures = 20'000;  // of a larger test set, the first ones

}  // namespace

std::string map_section(const RunRecord& run, const Predictions& predictions,
                        std::span<const std::string> files) {
  const std::size_t n = std::min(predictions.size(), most_pictures);
  if (n < 3) return {};
  const std::vector<std::array<double, 2>> places = picture_map(predictions);
  const std::vector<std::int32_t> predicted = predicted_labels(predictions);
  const auto x = [&](std::size_t i) { return margin + places[i][0] * (width - 2 * margin); };
  const auto y = [&](std::size_t i) { return margin + (1 - places[i][1]) * (height - 2 * margin); };
  std::vector<std::string> correct(predictions.classes);  // a dot each, in one path per class
  std::string wrong;
  for (std::size_t i = 0; i < n; ++i) {
    const std::int32_t truth = predictions.labels[i];
    if (predicted[i] == truth) {
      correct[static_cast<std::size_t>(truth)] += fmt::format("M{:.0f} {:.0f}h0", x(i), y(i));
      continue;
    }
    const double probability = softmax(predictions.row(i))[static_cast<std::size_t>(predicted[i])];
    wrong += fmt::format(
        "<circle class=\"missed\" data-c=\"{0}\" data-truth=\"{1}\" data-file=\"{2}\" cx=\"{3:.0f}\" "
        "cy=\"{4:.0f}\" "
        "r=\"4\"><title>{2}: {1} taken for {5}, {6}</title></circle>",
        truth, class_name(run, truth), html_text(files[i]), x(i), y(i), class_name(run, predicted[i]),
        percent(probability));
  }
  std::string dots;
  for (std::size_t c = 0; c < correct.size(); ++c) {
    if (correct[c].empty()) continue;
    dots += fmt::format("<path class=\"found\" data-c=\"{}\" d=\"{}\"><title>{}</title></path>", c,
                        correct[c], class_name(run, static_cast<std::int32_t>(c)));
  }
  return html_section(
      "map", "Map",
      fmt::format(
          "<p>The test pictures, arranged so that those with similar outputs of the network are close "
          "together (the first two principal components of its {} outputs before softmax). "
          "<span class=\"missed\">●</span> marks mistakes; the others are small dots.{}</p>\n<div "
          "class=\"map\" id=\"pictures-map\"><svg viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"Map of "
          "{} test pictures; the mistakes are those of the gallery\">{}{}</svg></div>\n",
          predictions.classes, n < predictions.size() ? fmt::format(" Only the first {} are shown.", n) : "",
          width, height, n, dots, wrong));
}

}  // namespace bart
