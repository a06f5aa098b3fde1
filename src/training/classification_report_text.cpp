#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "bart/training/metrics.h"

namespace bart {
namespace {

/// Columns that fmt takes a text for when it pads.
std::size_t width_of(std::string_view text) {
  const std::size_t plenty = 2 * text.size();
  return text.size() + plenty - fmt::formatted_size("{:>{}}", text, plenty);
}

}  // namespace

std::string classification_report_text(const ClassificationReport& report,
                                       const std::vector<std::string>& names, int digits) {
  std::size_t width = std::max(std::string_view("weighted avg").size(), static_cast<std::size_t>(digits));
  for (const ClassScores& its : report.classes) width = std::max(width, width_of(names[its.label]));

  const auto row = [&](std::string_view name, const Scores& scores, std::int64_t support) {
    return fmt::format("{:>{}}  {:>9.{}f} {:>9.{}f} {:>9.{}f} {:>9}\n", name, width, scores.precision, digits,
                       scores.recall, digits, scores.f1, digits, support);
  };
  std::string text = fmt::format("{:>{}}  {:>9} {:>9} {:>9} {:>9}\n\n", "", width, "precision", "recall",
                                 "f1-score", "support");
  for (const ClassScores& its : report.classes) text += row(names[its.label], its.scores, its.support);
  text += fmt::format("\n{:>{}}  {:>9} {:>9} {:>9.{}f} {:>9}\n", "accuracy", width, "", "", report.accuracy,
                      digits, report.support);
  return text + row("macro avg", report.macro, report.support) +
         row("weighted avg", report.weighted, report.support);
}

}  // namespace bart
