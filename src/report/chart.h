#pragma once

#include <string>
#include <vector>

namespace bart {

struct ChartPoint {
  double x = 0, y = 0;
};

/// One line of a chart. A faint one is drawn thin and behind the others, without dots.
struct ChartLine {
  std::string name;
  std::string colour;  // a CSS class of page_style.h: "a", "b"
  std::vector<ChartPoint> points;
  bool faint = false;
};

struct Chart {
  std::string id;  // of its element
  std::string title;
  std::string unit;        // behind numbers, " %"
  int decimals = 2;        // of the figures beside the title
  bool from_zero = false;  // the axis begins at 0
  double at_most = 0;      // the axis ends there at the latest, 0: wherever it must
  std::vector<ChartLine> lines;
};

/// A figure with the chart as inline SVG over epochs, its legend with each line's last figure, and a sentence
/// that tells a screen reader how the lines run.
std::string chart_html(const Chart& chart);

}  // namespace bart
