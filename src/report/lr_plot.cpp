#include "bart/report/lr_plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "axis.h"
#include "bart/platform/error.h"

namespace bart {
namespace {

constexpr double width = 760, height = 440, left = 64, right = 24, top = 68, bottom = 56;

/// The positions of values in the picture.
struct Axes {
  double log_from, log_to, lowest, highest, step;

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
            INFINITY, -INFINITY, 1};
  for (const LrRangeStep& step : test.steps) {
    axes.lowest = std::min({axes.lowest, step.smoothed_loss, step.loss});
    axes.highest = std::max(axes.highest, step.smoothed_loss);
  }
  // The axis ends a little above the smoothed curve; single losses above it are cut off.
  axes.highest += 0.15 * (axes.highest - axes.lowest) + 1e-6;
  const Axis loss = round_axis(axes.lowest, axes.highest, 6);
  axes.lowest = loss.low;
  axes.highest = loss.high;
  axes.step = loss.step;
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
  if (test.steps.empty()) throw Error("a curve needs at least one learning rate");
  for (const LrRangeStep& step : test.steps) {
    if (!(step.learning_rate > 0) || !std::isfinite(step.learning_rate) || !std::isfinite(step.loss) ||
        !std::isfinite(step.smoothed_loss))
      throw Error("a curve needs learning rates above 0 and finite losses");
  }
  const Axes axes = axes_of(test);
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" height=\"{1}\" "
      "role=\"img\" "
      "aria-label=\"Loss over learning rate; lowest at {2:.2g}, suggested {3}\">\n"
      "<style>:root{{--ink:#222;--soft:#888;--line:#ddd;--back:#fff;--blue:#2563eb;--red:#c2410c}}"
      "@media(prefers-color-scheme:dark){{:root{{--ink:#eee;--soft:#999;--line:#3a3a3a;--back:#1b1b1d;--blue:"
      "#7aa2f7;"
      "--red:#ff9e64}}}}"
      "text{{font:13px system-ui,sans-serif;fill:var(--ink)}}.tick{{fill:var(--soft)}}"
      ".grid{{stroke:var(--line)}}polyline{{fill:none;stroke:var(--blue);stroke-linejoin:round}}"
      ".raw{{stroke-width:1;opacity:.35}}.smooth{{stroke-width:2.5}}"
      ".low{{stroke:var(--soft);stroke-dasharray:2 "
      "4}}.lowed{{fill:var(--soft)}}.mark{{stroke:var(--red);stroke-width:1.5;stroke-dasharray:5 "
      "4}}.marked{{fill:var(--red)}}</style>\n"
      "<rect width=\"100%\" height=\"100%\" fill=\"var(--back)\"/>\n"
      "<text x=\"{4}\" y=\"26\" font-weight=\"600\">Learning rate range test</text>\n",
      width, height, test.lowest_at,
      test.finding == LrFinding::lowest ? fmt::format("{:.2g}", test.suggestion) : "none", left);
  for (double loss = axes.lowest; loss <= axes.highest + axes.step / 1e6; loss += axes.step) {
    svg += fmt::format(
        "<line class=\"grid\" x1=\"{0}\" x2=\"{1}\" y1=\"{2:.1f}\" y2=\"{2:.1f}\"/><text class=\"tick\" "
        "x=\"{3}\" "
        "y=\"{4:.1f}\" text-anchor=\"end\">{5}</text>\n",
        left, width - right, axes.y(loss), left - 8, axes.y(loss) + 4, tick_text(loss, axes.step));
  }
  for (double power = std::ceil(axes.log_from - 1e-9); power <= axes.log_to + 1e-9; ++power) {
    const double x = axes.x(std::pow(10, power));
    svg += fmt::format(
        "<line class=\"grid\" x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"{1}\" y2=\"{2}\"/><text class=\"tick\" "
        "x=\"{0:.1f}\" "
        "y=\"{3}\" text-anchor=\"middle\">1e{4:.0f}</text>\n",
        x, top, height - bottom, height - bottom + 18, power);
  }
  svg += fmt::format("<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">learning rate (logarithmic)</text>\n",
                     (left + width - right) / 2, height - 12);
  svg += fmt::format("<text transform=\"translate(16 {}) rotate(-90)\" text-anchor=\"middle\">loss</text>\n",
                     (top + height - bottom) / 2);
  svg += curve(test, axes, &LrRangeStep::loss, "raw");
  svg += curve(test, axes, &LrRangeStep::smoothed_loss, "smooth");
  const auto mark = [&](double rate, const char* style, const std::string& words) {
    const double x = axes.x(rate);
    const bool at_right = x > width - 220;
    svg += fmt::format(
        "<line class=\"{0}\" x1=\"{1:.1f}\" x2=\"{1:.1f}\" y1=\"{2}\" y2=\"{3}\"/><text class=\"{0}ed\" "
        "x=\"{4:.1f}\" y=\"{5}\" text-anchor=\"{6}\">{7}</text>\n",
        style, x, top, height - bottom, x + (at_right ? -6 : 6), top + (rate == test.suggestion ? 14 : 32),
        at_right ? "end" : "start", words);
  };
  mark(test.lowest_at, "low", fmt::format("lowest loss: {:.2g}", test.lowest_at));
  std::string reason =
      test.finding == LrFinding::not_risen
          ? "The loss had not clearly risen by the last rate, so no rate is suggested: larger ones would "
            "tell."
          : "The loss is lowest near the first rate, so none is suggested: smaller ones would tell.";
  if (test.finding == LrFinding::lowest) {
    reason = fmt::format(
        "Suggested: {:.2g}, a tenth of {:.2g}, where the smoothed loss is lowest; larger rates soon diverge.",
        test.suggestion, test.lowest_at);
    mark(test.suggestion, "mark", fmt::format("suggested: {:.2g}", test.suggestion));
  }
  svg += fmt::format("<text class=\"tick\" x=\"{}\" y=\"48\">{}</text>\n", left, reason);
  return svg + "</svg>\n";
}

std::string lr_text(const LrRangeTest& test) {
  const std::string rates = fmt::format(
      "{} learning rates from {:.2g} to {:.2g}: the smoothed loss is lowest at {:.2g}\n", test.steps.size(),
      test.steps.front().learning_rate, test.steps.back().learning_rate, test.lowest_at);
  switch (test.finding) {
    case LrFinding::not_risen:
      return rates +
             "The loss had not clearly risen by the last rate, so no rate is suggested: choose a larger --to";
    case LrFinding::no_fall:
      return rates + "The loss is lowest near the first rate, so none is suggested: choose a smaller --from";
    case LrFinding::lowest:
      break;
  }
  return rates + fmt::format("Try bart train --lr {:.2g}, a tenth of that", test.suggestion);
}

}  // namespace bart
