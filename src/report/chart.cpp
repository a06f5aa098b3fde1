#include "chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "axis.h"
#include "bart/html/html.h"

namespace bart {
namespace {

// Sizes of the drawing, in SVG units.
constexpr double width = 480, height = 250, left = 66, right = 12, top = 10, bottom = 30;

std::string figure_text(const Chart& chart, double value) {
  const std::string number = value != 0 && std::abs(value) < 0.5 * std::pow(10, -chart.decimals)
                                 ? fmt::format("{:.2g}", value)
                                 : fmt::format("{:.{}f}", value, chart.decimals);
  return number + chart.unit;
}

std::string description(const Chart& chart) {
  std::string text;
  for (const ChartLine& line : chart.lines) {
    if (line.faint || line.points.empty()) continue;
    const auto [least, most] = std::ranges::minmax_element(line.points, {}, &ChartPoint::y);
    text += fmt::format(
        "{}{}: {} at epoch {:.0f}, {} at epoch {:.0f}, lowest {} at epoch {:.0f}, highest {} at epoch "
        "{:.0f}.",
        text.empty() ? "" : " ", line.name, figure_text(chart, line.points.front().y), line.points.front().x,
        figure_text(chart, line.points.back().y), line.points.back().x, figure_text(chart, least->y),
        least->x, figure_text(chart, most->y), most->x);
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
      json += fmt::format("{}[{:.0f},\"{}\"]", i > 0 ? "," : "", line.points[i].x,
                          figure_text(chart, line.points[i].y));
    }
    json += "]]";
  }
  return html_text("[" + json + "]");
}

}  // namespace

std::string chart_html(const Chart& chart) {
  double low = std::numeric_limits<double>::infinity(), high = -low, last = 1, first = 1;
  for (const ChartLine& line : chart.lines) {
    for (const ChartPoint& point : line.points) {
      // The first values of a faint line must not flatten the other lines.
      if (!line.faint || point.x > 0.15 * line.points.back().x) {
        low = std::min(low, point.y);
        high = std::max(high, point.y);
      }
      first = std::min(first, point.x);
      last = std::max(last, point.x);
    }
  }
  if (!(low <= high)) return {};
  Axis y = round_axis(chart.from_zero ? 0 : low, high, 5);
  if (chart.at_most > 0) y.high = std::min(y.high, chart.at_most);
  const Axis x = round_axis(first, last, 8);
  const double x_step = std::max(1.0, x.step);
  const bool single = last <= first;
  const auto across = [&](double value) {
    return single ? (left + width - right) / 2
                  : left + (value - first) / (last - first) * (width - left - right);
  };
  const auto down = [&](double value) {
    return top +
           (1 - (std::clamp(value, y.low, y.high) - y.low) / (y.high - y.low)) * (height - top - bottom);
  };

  std::string legend, drawn;
  for (const ChartLine& line : chart.lines) {
    if (line.points.empty()) continue;
    legend +=
        fmt::format("<span class=\"{}\"><i{}></i>{}{}</span>", line.colour,
                    line.faint ? " class=\"thin\"" : "", html_text(line.name),
                    line.faint ? "" : fmt::format(" <b>{}</b>", figure_text(chart, line.points.back().y)));
    std::string path;
    for (const ChartPoint& point : line.points) {
      path += fmt::format("{}{:.1f} {:.1f}", path.empty() ? "M" : "L", across(point.x), down(point.y));
    }
    drawn +=
        fmt::format("<path class=\"line {}{}\" d=\"{}\"/>", line.colour, line.faint ? " faint" : "", path);
    if (line.faint || line.points.size() > 40) continue;
    for (const ChartPoint& point : line.points) {
      drawn += fmt::format("<circle class=\"{}\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"2.6\"/>", line.colour,
                           across(point.x), down(point.y));
    }
  }

  std::string grid;
  for (double tick = y.low; tick <= y.high + y.step / 1e6; tick += y.step) {
    grid += fmt::format(
        "<line class=\"grid\" x1=\"{}\" x2=\"{}\" y1=\"{:.1f}\" y2=\"{:.1f}\"/><text x=\"{}\" y=\"{:.1f}\" "
        "text-anchor=\"end\">{}</text>",
        left, width - right, down(tick), down(tick), left - 7, down(tick) + 4, tick_text(tick, y.step));
  }
  for (double tick = std::ceil(first / x_step) * x_step; tick <= last; tick += x_step) {
    grid += fmt::format("<text x=\"{:.1f}\" y=\"{}\" text-anchor=\"middle\">{:.0f}</text>", across(tick),
                        height - 11, tick);
  }

  if (chart.best >= first && chart.best <= last && !single) {
    const double x_best = across(chart.best);
    const bool at_right = x_best > (left + width - right) / 2;
    grid += fmt::format(
        "<line class=\"best\" x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"{1}\" y2=\"{2}\"/><text class=\"best\" "
        "x=\"{3:.1f}\" "
        "y=\"{4}\" text-anchor=\"{5}\">best: {6:.0f}</text>",
        x_best, top, height - bottom, x_best + (at_right ? -5 : 5), height - bottom - 6, at_right ? "end" : "start",
        chart.best);
  }

  return fmt::format(
      "<figure class=\"chart\" id=\"{0}\"><figcaption><strong>{1}</strong><span "
      "class=\"legend\">{2}</span></figcaption>"
      "<svg viewBox=\"0 0 {3} {4}\" role=\"img\" aria-labelledby=\"{0}-title {0}-desc\" data-lines=\"{5}\" "
      "data-first=\"{6}\" data-last=\"{7}\" data-left=\"{8}\" data-right=\"{9}\"><title id=\"{0}-title\">{1} "
      "over "
      "epochs</title><desc id=\"{0}-desc\">{10}</desc>{11}{12}</svg></figure>\n",
      chart.id, html_text(chart.title), legend, width, height, data_text(chart), first, last, left,
      width - right, description(chart), grid, drawn);
}

}  // namespace bart
