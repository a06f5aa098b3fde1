#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "bart/platform/error.h"
#include "bart/training/metrics.h"

namespace bart {
namespace {

/// The columns that fmt counts for a text when it pads.
std::size_t width_of(std::string_view text) {
  const std::size_t plenty = 2 * text.size();
  return text.size() + plenty - fmt::formatted_size("{:>{}}", text, plenty);
}

}  // namespace

std::string classification_report_text(const ClassificationReport& report,
                                       const std::vector<std::string>& names, int digits) {
  if (digits < 0 || digits > 100) throw Error(fmt::format("figures cannot have {} digits", digits));
  for (const ClassScores& scores : report.classes) {
    if (scores.label < 0 || std::cmp_greater_equal(scores.label, names.size()))
      throw Error(fmt::format("the label {} has none of the {} names", scores.label, names.size()));
  }
  std::size_t width = std::max(std::string_view("weighted avg").size(), static_cast<std::size_t>(digits));
  const auto name_of = [&](const ClassScores& scores) -> const std::string& {
    return names[static_cast<std::size_t>(scores.label)];
  };
  for (const ClassScores& scores : report.classes) width = std::max(width, width_of(name_of(scores)));

  const auto row = [&](std::string_view name, const Scores& scores, std::int64_t support) {
    return fmt::format("{:>{}}  {:>9.{}f} {:>9.{}f} {:>9.{}f} {:>9}\n", name, width, scores.precision, digits,
                       scores.recall, digits, scores.f1, digits, support);
  };
  std::string text = fmt::format("{:>{}}  {:>9} {:>9} {:>9} {:>9}\n\n", "", width, "precision", "recall",
                                 "f1-score", "support");
  for (const ClassScores& scores : report.classes)
    text += row(name_of(scores), scores.scores, scores.support);
  text += fmt::format("\n{:>{}}  {:>9} {:>9} {:>9.{}f} {:>9}\n", "accuracy", width, "", "", report.accuracy,
                      digits, report.support);
  return text + row("macro avg", report.macro, report.support) +
         row("weighted avg", report.weighted, report.support);
}

}  // namespace bart
