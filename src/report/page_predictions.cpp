#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "bart/html/html.h"
#include "confusion_chart.h"
#include "mistakes.h"
#include "page_words.h"
#include "sections.h"

namespace bart {
std::string confusion_section(const RunRecord& run, const ConfusionMatrix& matrix) {
  std::string html =
      "<p class=\"scale\"><span><i class=\"r\"></i>correct, as a share of the class</span><span><i "
      "class=\"w\"></i>mistakes</span><span>rows: true class; columns: predicted class</span></p>\n";
  html += confusion_chart(matrix, run.classes);
  const std::vector<Confusion> mistakes = most_confused(matrix);
  if (mistakes.empty())
    return html_section("confusion-matrix", "Confusion matrix", html + "<p>There are no mistakes.</p>\n");
  const auto table = [&](std::size_t begin, std::size_t end) {
    std::string rows =
        "<div class=\"scroll\"><table><thead><tr><th scope=\"col\">Class</th><th scope=\"col\">Predicted "
        "as</th><th "
        "scope=\"col\" class=\"n\">Pictures</th><th scope=\"col\" class=\"n\">Share of the "
        "class</th></tr></thead><tbody>\n";
    for (std::size_t i = begin; i < end; ++i) {
      const Confusion& pair = mistakes[i];
      rows += fmt::format(
          "<tr><th scope=\"row\">{}</th><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td></tr>\n",
          shown_name(run, pair.truth), shown_name(run, pair.predicted), pair.pictures,
          percent(static_cast<double>(pair.pictures) / static_cast<double>(matrix.support(pair.truth))));
    }
    return rows + "</tbody></table></div>\n";
  };
  const std::size_t first = std::min<std::size_t>(mistakes.size(), 8);
  html += "<h3>Most confused</h3>\n" + table(0, first);
  if (mistakes.size() > first) {
    html += fmt::format("<details><summary>{} more pairs</summary>{}</details>\n", mistakes.size() - first,
                        table(first, mistakes.size()));
  }
  return html_section("confusion-matrix", "Confusion matrix", html);
}

std::string class_section(const RunRecord& run, const ClassificationReport& report, std::string_view set) {
  std::vector<ClassScores> classes = report.classes;
  std::ranges::stable_sort(classes, std::greater<>(), [](const ClassScores& row) { return row.scores.f1; });
  std::string html =
      "<div class=\"scroll\"><table class=\"sortable\"><thead><tr><th scope=\"col\">Class</th><th "
      "scope=\"col\" "
      "data-still><span class=\"unseen\">F1 as a bar</span></th><th scope=\"col\" class=\"n\" "
      "aria-sort=\"descending\">F1</th><th scope=\"col\" class=\"n\">Precision</th><th scope=\"col\" "
      "class=\"n\">Recall</th><th scope=\"col\" class=\"n\">" +
      std::string(set == "test" ? "Test" : "Validation") + " pictures</th></tr></thead><tbody>\n";
  for (const ClassScores& scores : classes) {
    html += fmt::format(
        "<tr><th scope=\"row\">{}</th><td class=\"bar\" aria-hidden=\"true\"><i{} "
        "style=\"width:{:.1f}%\"></i></td><td "
        "class=\"n\">{:.3f}</td><td class=\"n\">{:.3f}</td><td class=\"n\">{:.3f}</td><td "
        "class=\"n\">{}</td></tr>\n",
        shown_name(run, scores.label), scores.scores.f1 < report.macro.f1 ? " class=\"low\"" : "",
        100 * scores.scores.f1, scores.scores.f1, scores.scores.precision, scores.scores.recall,
        scores.support);
  }
  html += fmt::format(
      "</tbody></table></div>\n<p><small>F1 is the harmonic mean of precision (the share of correct ones "
      "among the pictures predicted as this class) and recall (the share of correct ones among the pictures "
      "of this class). Orange bars are below the mean of all classes, {:.3f}.</small></p>\n",
      report.macro.f1);
  return html_section("classes", "Classes", html);
}

std::string uncertain_section(const RunRecord& run, std::span<const ShownPicture> uncertain) {
  if (uncertain.empty()) return {};
  std::string html =
      "<p>The correctly predicted test pictures whose class has the lowest probability, with their two most "
      "probable classes.</p>\n<div class=\"pictures\">\n";
  for (const ShownPicture& picture : uncertain) html += shown_picture(run, picture);
  return html_section("uncertain", "Least certain", html + "</div>\n");
}

std::string calibration_section(const Calibration& calibration) {
  std::string html = fmt::format(
      "<p>How far the probabilities can be trusted: of the predictions with a probability of 80 %, 80 % "
      "should be correct. On average the probabilities are off by {} (expected calibration error, Guo et al. "
      "2017).</p>\n<div "
      "class=\"scroll\"><table><thead><tr><th "
      "scope=\"col\">Probability of the prediction</th><th scope=\"col\" class=\"n\">Pictures</th><th "
      "scope=\"col\" "
      "class=\"n\">Mean probability</th><th scope=\"col\" class=\"n\">Correct</th><th scope=\"col\" "
      "data-still><span "
      "class=\"unseen\">Correct, as a bar</span></th></tr></thead><tbody>\n",
      percent(calibration.expected_error));
  for (std::size_t m = 0; m < calibration_bins; ++m) {
    const CalibrationBin& bin = calibration.bins[m];
    if (bin.pictures == 0) continue;
    html += fmt::format(
        "<tr><th scope=\"row\">{:.0f} to {:.0f} %</th><td class=\"n\">{}</td><td class=\"n\">{}</td><td "
        "class=\"n\">{}</td>"
        "<td class=\"bar\" aria-hidden=\"true\"><i{} style=\"width:{:.1f}%\"></i></td></tr>\n",
        100.0 * static_cast<double>(m) / calibration_bins,
        100.0 * static_cast<double>(m + 1) / calibration_bins, bin.pictures, percent(bin.confidence),
        percent(bin.accuracy), bin.accuracy < bin.confidence ? " class=\"low\"" : "", 100 * bin.accuracy);
  }
  return html_section("calibration", "Calibration",
                      html +
                          "</tbody></table></div>\n<p><small>Orange: correct less often than the probability "
                          "says.</small></p>\n");
}

}  // namespace bart
