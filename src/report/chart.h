#pragma once

#include <string>
#include <vector>

namespace bart {

struct ChartPoint {
  double x = 0, y = 0;
};

/// One line of a chart. A faint line is drawn thin, below the others and without dots.
struct ChartLine {
  std::string name;
  std::string colour;  // a CSS class of page_style.h: "a", "b"
  std::vector<ChartPoint> points;
  bool faint = false;
};

struct Chart {
  std::string id;  // of its element
  std::string title;
  std::string unit;        // after numbers, such as " %"
  int decimals = 2;        // of the numbers beside the title
  bool from_zero = false;  // the axis begins at 0
  double at_most = 0;      // the largest value of the axis; 0: no limit
  double best = 0;         // the best epoch, which is marked; 0: none
  std::vector<ChartLine> lines;
};

/// A figure with the chart over epochs as inline SVG, a legend with the last value of each line, and a
/// sentence for screen readers that describes the lines. Every value is within the axes; where a few large
/// ones would flatten the others, the axis is logarithmic.
std::string chart_html(const Chart& chart);

}  // namespace bart
