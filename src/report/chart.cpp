#include "chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <optional>

#include "axis.h"
#include "bart/html/html.h"

namespace bart {
namespace {

// Sizes of the drawing, in SVG units.
constexpr double width = 480, height = 262, left = 76, right = 12, top = 10, bottom = 42;

std::string figure_text(const Chart& chart, double value) {
  const std::string number = value != 0 && std::abs(value) < 0.5 * std::pow(10, -chart.decimals)
                                 ? fmt::format("{:.2g}", value)
                                 : fmt::format("{:.{}f}", value, chart.decimals);
  return number + chart.unit;
}

/// "3", or "3.25" for a step within an epoch.
std::string epoch_text(double epoch) {
  return fmt::format("{}", std::round(100 * epoch) / 100);
}

std::string description(const Chart& chart) {
  std::string text;
  for (const ChartLine& line : chart.lines) {
    if (line.faint || line.points.empty()) continue;
    const auto [least, most] = std::ranges::minmax_element(line.points, {}, &ChartPoint::y);
    text +=
        fmt::format("{}{}: {} at epoch {}, {} at epoch {}, lowest {} at epoch {}, highest {} at epoch {}.",
                    text.empty() ? "" : " ", line.name, figure_text(chart, line.points.front().y),
                    epoch_text(line.points.front().x), figure_text(chart, line.points.back().y),
                    epoch_text(line.points.back().x), figure_text(chart, least->y), epoch_text(least->x),
                    figure_text(chart, most->y), epoch_text(most->x));
  }
  return html_text(text);
}

/// The lines as [["training", " %", [[1, 50.25], …]], …] for the script, which shows the values under the
/// pointer.
std::string data_text(const Chart& chart) {
  std::string json;
  for (const ChartLine& line : chart.lines) {
    if (line.faint) continue;
    json += fmt::format("{}[\"{}\",[", json.empty() ? "" : ",", line.name);
    for (std::size_t i = 0; i < line.points.size(); ++i) {
      json += fmt::format("{}[{},\"{}\"]", i > 0 ? "," : "", epoch_text(line.points[i].x),
                          figure_text(chart, line.points[i].y));
    }
    json += "]]";
  }
  return html_text("[" + json + "]");
}

/// The range of all points, and how values are placed on the vertical axis.
struct Axes {
  double first = 1, last = 1;  // epochs
  Axis y;
  bool logarithmic = false;

  double across(double epoch) const {
    return last <= first ? (left + width - right) / 2
                         : left + (epoch - first) / (last - first) * (width - left - right);
  }
  double down(double value) const {
    const double at = logarithmic ? std::log10(value) : value;
    return top + (1 - (std::clamp(at, y.low, y.high) - y.low) / (y.high - y.low)) * (height - top - bottom);
  }
};

/// Whether the largest values would flatten the others.
bool flattens(std::vector<double> values) {
  if (values.empty()) return false;
  const double high = *std::ranges::max_element(values);
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  return *std::ranges::min_element(values) > 0 && high > 30 * *middle;
}

/// Nothing if there is no point.
std::optional<Axes> axes_of(const Chart& chart) {
  Axes axes;
  std::vector<double> values;
  for (const ChartLine& line : chart.lines) {
    for (const ChartPoint& point : line.points) {
      values.push_back(point.y);
      axes.first = std::min(axes.first, point.x);
      axes.last = std::max(axes.last, point.x);
    }
  }
  if (values.empty()) return std::nullopt;
  const auto [low, high] = std::ranges::minmax(values);
  axes.logarithmic = flattens(values);
  if (axes.logarithmic) {
    axes.y = {std::floor(std::log10(low)), std::ceil(std::log10(high)), 1};
    return axes;
  }
  axes.y = round_axis(chart.from_zero ? 0 : low, high, 5);
  if (chart.at_most > 0) axes.y.high = std::min(axes.y.high, chart.at_most);
  return axes;
}

/// The lines of the grid, and the numbers at both axes.
std::string grid_of(const Axes& axes, const std::string& y_label) {
  std::string grid;
  const Axis& y = axes.y;
  const auto ticks = static_cast<int>(std::lround((y.high - y.low) / y.step));
  for (int k = 0; k <= ticks; ++k) {
    const double at = y.low + k * y.step;
    const double value = axes.logarithmic ? std::pow(10, at) : at;
    grid += fmt::format(
        "<line class=\"grid\" x1=\"{}\" x2=\"{}\" y1=\"{:.1f}\" y2=\"{:.1f}\"/><text x=\"{}\" y=\"{:.1f}\" "
        "text-anchor=\"end\">{}</text>",
        left, width - right, axes.down(value), axes.down(value), left - 7, axes.down(value) + 4,
        axes.logarithmic ? fmt::format("{:g}", value) : tick_text(at, y.step));
  }
  const double x_step = std::max(1.0, round_axis(axes.first, axes.last, 8).step);
  for (double tick = std::ceil(axes.first / x_step) * x_step; tick <= axes.last + 1e-9; tick += x_step) {
    grid += fmt::format("<text x=\"{:.1f}\" y=\"{}\" text-anchor=\"middle\">{:.0f}</text>", axes.across(tick),
                        height - bottom + 18, tick);
  }
  grid += fmt::format(
      "<text class=\"axis\" transform=\"translate(13 {:.0f}) rotate(-90)\" text-anchor=\"middle\">{}</text>",
      (top + height - bottom) / 2, html_text(y_label));
  return grid + fmt::format("<text class=\"axis\" x=\"{}\" y=\"{}\" text-anchor=\"middle\">epoch</text>",
                            (left + width - right) / 2, height - 4);
}

/// "accuracy in %", "loss (log scale)".
std::string label_of(const Chart& chart, const Axes& axes) {
  std::string label = chart.title.substr(0, chart.title.find(" of "));
  if (label.size() > 1 && std::islower(static_cast<unsigned char>(label[1])) != 0)
    label[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(label[0])));
  if (!chart.unit.empty()) label += " in" + (chart.unit.starts_with(' ') ? chart.unit : " " + chart.unit);
  return label + (axes.logarithmic ? " (log scale)" : "");
}

/// The line at the best epoch.
std::string best_mark(const Chart& chart, const Axes& axes) {
  if (chart.best < axes.first || chart.best > axes.last || axes.last <= axes.first) return {};
  const double x = axes.across(chart.best);
  const bool at_right = x > (left + width - right) / 2;
  // The label stands where it is farthest from all lines.
  const double label_width = 70;
  const auto distance = [&](double y) {
    double least = height;
    for (const ChartLine& line : chart.lines) {
      for (const ChartPoint& point : line.points) {
        const double before = (at_right ? x : x + label_width) - axes.across(point.x);
        if (before < 0 || before > label_width) continue;
        least = std::min(least, std::abs(axes.down(point.y) - (y - 4)));
      }
    }
    return least;
  };
  const double places[] = {height - bottom - 6, top + 14, (top + height - bottom) / 2};
  const double y = *std::ranges::max_element(places, {}, distance);
  return fmt::format(
      "<line class=\"best\" x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"{1}\" y2=\"{2}\"/><text class=\"best\" "
      "x=\"{3:.1f}\" y=\"{4}\" text-anchor=\"{5}\">best: {6:.0f}</text>",
      x, top, height - bottom, x + (at_right ? -5 : 5), y, at_right ? "end" : "start", chart.best);
}

}  // namespace

std::string chart_html(const Chart& chart) {
  const std::optional<Axes> found = axes_of(chart);
  if (!found) return {};
  const Axes& axes = *found;
  std::string legend, drawn;
  for (const ChartLine& line : chart.lines) {
    if (line.points.empty()) continue;
    legend +=
        fmt::format("<span class=\"{}\"><i{}></i>{}{}</span>", line.colour,
                    line.faint ? " class=\"thin\"" : "", html_text(line.name),
                    line.faint ? "" : fmt::format(" <b>{}</b>", figure_text(chart, line.points.back().y)));
    std::string path;
    for (const ChartPoint& point : line.points) {
      path +=
          fmt::format("{}{:.1f} {:.1f}", path.empty() ? "M" : "L", axes.across(point.x), axes.down(point.y));
    }
    drawn +=
        fmt::format("<path class=\"line {}{}\" d=\"{}\"/>", line.colour, line.faint ? " faint" : "", path);
    if (line.faint || line.points.size() > 40) continue;
    for (const ChartPoint& point : line.points) {
      drawn += fmt::format("<circle class=\"{}\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"2.6\"/>", line.colour,
                           axes.across(point.x), axes.down(point.y));
    }
  }

  return fmt::format(
      "<figure class=\"chart\" id=\"{0}\"><figcaption><strong>{1}</strong><span "
      "class=\"legend\">{2}</span></figcaption>"
      "<svg viewBox=\"0 0 {3} {4}\" role=\"img\" aria-labelledby=\"{0}-title {0}-desc\" data-lines=\"{5}\" "
      "data-first=\"{6}\" data-last=\"{7}\" data-left=\"{8}\" data-right=\"{9}\"><title id=\"{0}-title\">{1} "
      "over "
      "epochs</title><desc id=\"{0}-desc\">{10}</desc>{11}{12}</svg></figure>\n",
      chart.id, html_text(chart.title), legend, width, height, data_text(chart), axes.first, axes.last, left,
      width - right, description(chart), grid_of(axes, label_of(chart, axes)) + best_mark(chart, axes),
      drawn);
}

}  // namespace bart
