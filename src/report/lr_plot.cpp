#include "bart/report/lr_plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace bart {
namespace {

constexpr double width = 760, height = 420, left = 64, right = 24, top = 48, bottom = 56;

/// The positions of values in the picture.
struct Axes {
  double log_from, log_to, lowest, highest;

  double x(double rate) const {
    return left + (std::log10(rate) - log_from) / (log_to - log_from) * (width - left - right);
  }
  double y(double loss) const {
    return height - bottom -
           (std::clamp(loss, lowest, highest) - lowest) / (highest - lowest) * (height - top - bottom);
  }
};

Axes axes_of(const LrRangeTest& test) {
  Axes axes{std::log10(test.steps.front().learning_rate), std::log10(test.steps.back().learning_rate),
            INFINITY, -INFINITY};
  for (const LrRangeStep& step : test.steps) {
    axes.lowest = std::min({axes.lowest, step.smoothed_loss, step.loss});
    axes.highest = std::max(axes.highest, step.smoothed_loss);
  }
  // The axis ends a little above the smoothed curve; single losses above it are cut off.
  axes.highest += 0.15 * (axes.highest - axes.lowest) + 1e-6;
  if (axes.log_to - axes.log_from < 1e-6) axes.log_to = axes.log_from + 1;
  return axes;
}

std::string curve(const LrRangeTest& test, const Axes& axes, double LrRangeStep::*loss, const char* style) {
  std::string points;
  for (const LrRangeStep& step : test.steps) {
    points += fmt::format("{:.1f},{:.1f} ", axes.x(step.learning_rate), axes.y(step.*loss));
  }
  return fmt::format("<polyline class=\"{}\" points=\"{}\"/>\n", style, points);
}

}  // namespace

std::string lr_plot(const LrRangeTest& test) {
  const Axes axes = axes_of(test);
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" height=\"{1}\" "
      "role=\"img\" "
      "aria-label=\"Loss over learning rate; lowest at {2:.2g}, suggested {3:.2g}\">\n"
      "<style>:root{{--ink:#222;--soft:#888;--line:#ddd;--back:#fff;--blue:#2563eb;--red:#c2410c}}"
      "@media(prefers-color-scheme:dark){{:root{{--ink:#eee;--soft:#999;--line:#3a3a3a;--back:#1b1b1d;--blue:"
      "#7aa2f7;"
      "--red:#ff9e64}}}}"
      "text{{font:13px system-ui,sans-serif;fill:var(--ink)}}.tick{{fill:var(--soft)}}"
      ".grid{{stroke:var(--line)}}polyline{{fill:none;stroke:var(--blue);stroke-linejoin:round}}"
      ".raw{{stroke-width:1;opacity:.35}}.smooth{{stroke-width:2.5}}"
      ".mark{{stroke:var(--red);stroke-width:1.5;stroke-dasharray:5 4}}.marked{{fill:var(--red)}}</style>\n"
      "<rect width=\"100%\" height=\"100%\" fill=\"var(--back)\"/>\n"
      "<text x=\"{4}\" y=\"26\" font-weight=\"600\">Learning rate range test</text>\n",
      width, height, test.lowest_at, test.suggestion, left);
  for (int i = 0; i <= 4; ++i) {
    const double loss = axes.lowest + (axes.highest - axes.lowest) * i / 4;
    svg += fmt::format(
        "<line class=\"grid\" x1=\"{0}\" x2=\"{1}\" y1=\"{2:.1f}\" y2=\"{2:.1f}\"/><text class=\"tick\" "
        "x=\"{3}\" "
        "y=\"{4:.1f}\" text-anchor=\"end\">{5:.3g}</text>\n",
        left, width - right, axes.y(loss), left - 8, axes.y(loss) + 4, loss);
  }
  for (double power = std::ceil(axes.log_from - 1e-9); power <= axes.log_to + 1e-9; ++power) {
    const double x = axes.x(std::pow(10, power));
    svg += fmt::format(
        "<line class=\"grid\" x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"{1}\" y2=\"{2}\"/><text class=\"tick\" "
        "x=\"{0:.1f}\" "
        "y=\"{3}\" text-anchor=\"middle\">1e{4:.0f}</text>\n",
        x, top, height - bottom, height - bottom + 18, power);
  }
  svg += fmt::format("<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">learning rate</text>\n",
                     (left + width - right) / 2, height - 12);
  svg += fmt::format("<text transform=\"translate(16 {}) rotate(-90)\" text-anchor=\"middle\">loss</text>\n",
                     (top + height - bottom) / 2);
  svg += curve(test, axes, &LrRangeStep::loss, "raw");
  svg += curve(test, axes, &LrRangeStep::smoothed_loss, "smooth");
  if (std::log10(test.suggestion) >= axes.log_from) {
    const double x = axes.x(test.suggestion);
    svg += fmt::format(
        "<line class=\"mark\" x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"{1}\" y2=\"{2}\"/><text class=\"marked\" "
        "x=\"{3:.1f}\" "
        "y=\"{4}\">suggested: {5:.2g}</text>\n",
        x, top, height - bottom, x + 6, top + 14, test.suggestion);
  }
  return svg + "</svg>\n";
}

}  // namespace bart
