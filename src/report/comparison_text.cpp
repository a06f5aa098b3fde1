#include "bart/report/comparison_text.h"

#include <algorithm>

#include "bart/platform/printable.h"
#include "terminal.h"

namespace bart {
namespace {

std::string padded(const std::string& text, std::size_t width) {
  return text + std::string(width - std::min(width, columns_of(text)), ' ');
}

struct Line {
  std::string name;
  std::vector<std::string> cells;
  std::vector<Style> styles;
};

std::vector<Line> lines_of(const std::vector<ComparisonRow>& rows) {
  std::vector<Line> lines;
  for (const ComparisonRow& row : rows) {
    Line line{row.name + (row.differs ? " !" : ""), row.cells, {}};
    for (std::size_t i = 0; i < row.cells.size(); ++i) {
      if (row.best[i]) line.cells[i] += " *";
      line.styles.push_back(row.best[i] ? Style::good : row.differs ? Style::warning : Style::plain);
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

}  // namespace

std::string comparison_text(const std::vector<NamedRun>& runs, std::size_t columns, bool coloured) {
  const Comparison comparison = compare(runs);
  Line names{"", {}, std::vector<Style>(runs.size(), Style::bold)};
  for (const NamedRun& run : runs) names.cells.push_back(printable(run.name));
  std::vector<Line> settings = lines_of(comparison.settings);
  std::vector<Line> figures = lines_of(comparison.figures);

  constexpr std::size_t gap = 2, narrowest = 12, dots = 3;  // that printable() adds
  std::size_t first_column = 0;
  for (const auto* lines : {&settings, &figures}) {
    for (const Line& line : *lines) first_column = std::max(first_column, line.name.size());
  }
  // The longest cells, such as a processor's name, are cut where not even one run fits beside the names.
  const std::size_t widest = columns == 0
                                 ? std::string::npos
                                 : std::max(columns, first_column + gap + narrowest) - first_column - gap;
  std::vector<std::size_t> widths(runs.size());
  const auto measure = [&](Line& line) {
    for (std::size_t i = 0; i < widths.size(); ++i) {
      if (columns_of(line.cells[i]) > widest) line.cells[i] = printable(line.cells[i], widest - dots);
      widths[i] = std::max(widths[i], columns_of(line.cells[i]));
    }
  };
  measure(names);
  std::ranges::for_each(settings, measure);
  std::ranges::for_each(figures, measure);

  std::string text;
  for (std::size_t begin = 0; begin < runs.size();) {
    std::size_t end = begin;
    std::size_t width = first_column;
    while (end < runs.size() && (end == begin || columns == 0 || width + gap + widths[end] <= columns)) {
      width += gap + widths[end++];
    }
    const auto add = [&](const Line& line) {
      text += padded(line.name, first_column);
      for (std::size_t i = begin; i < end; ++i) {
        const std::string cell = i + 1 < end ? padded(line.cells[i], widths[i]) : line.cells[i];
        text += std::string(gap, ' ') + styled(cell, line.styles[i], coloured);
      }
      text += "\n";
    };
    if (begin > 0) text += "\n";
    add(names);
    std::ranges::for_each(settings, add);
    text += "\n";
    std::ranges::for_each(figures, add);
    begin = end;
  }
  return text;
}

}  // namespace bart
