#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "bart/html/html.h"
#include "bart/platform/counted.h"
#include "bart/tune/tune_text.h"
#include "table.h"
#include "terminal.h"

namespace bart {
namespace {

/// The styles that only this page needs; they follow html_style.
constexpr const char* tune_style = R"(
svg{display:block;width:100%;max-width:760px;height:auto;margin-top:14px}
svg text{font:13px system-ui,sans-serif;fill:var(--quiet)}
svg .grid{stroke:var(--line)}
svg path{fill:none;stroke:var(--quiet);stroke-width:1.2;opacity:.55}
svg circle{fill:var(--quiet)}
svg .best path{stroke:var(--train);stroke-width:2.5;opacity:1}
svg .best circle{fill:var(--train)}
svg .recipe path{stroke:var(--test);stroke-width:2.5;opacity:1}
svg .recipe circle{fill:var(--test)}
.key b{font-weight:600}
.key .best{color:var(--train)}.key .recipe{color:var(--test)}
pre{background:var(--raised);border:1px solid var(--line);border-radius:8px;padding:12px 14px;white-space:pre-wrap;overflow-wrap:anywhere;font:13px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
tr.best th,tr.best td{font-weight:600}
tbody th{min-width:0}
@media (max-width:680px){svg text{font-size:24px}svg circle{r:6px}}
)";

// Sizes of the chart, in SVG units.
constexpr double width = 760, height = 380, left = 84, right = 20, top = 14, bottom = 46;

/// The figure as it is shown: percent.
double percent_of(const TuneResult& result, const Trial& trial) {
  return result.options.by == BestBy::accuracy ? trial.accuracy : 100 * trial.macro_f1;
}

/// The figure of each candidate, round by round.
std::string chart(const TuneResult& result) {
  double low = 100, high = 0;
  for (const Trial& trial : result.trials) {
    if (trial.state != Trial::State::finished) continue;
    low = std::min(low, percent_of(result, trial));
    high = std::max(high, percent_of(result, trial));
  }
  if (low > high || result.rungs.empty()) return {};
  const double step = high - low > 40 ? 10 : high - low > 15 ? 5 : high - low > 6 ? 2 : 1;
  low = std::floor(low / step) * step;
  high = std::max(low + step, std::ceil(high / step) * step);
  const auto across = [&](std::size_t rung) {
    const double rungs = static_cast<double>(result.rungs.size());
    return left + (static_cast<double>(rung) + 0.5) / rungs * (width - left - right);
  };
  const auto down = [&](double value) {
    return top + (high - value) / (high - low) * (height - top - bottom);
  };
  std::string svg = fmt::format(
      "<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{} of each candidate, round "
      "by round\">\n",
      width, height, result.options.by == BestBy::accuracy ? "Validation accuracy" : "Macro F1");
  for (double tick = low; tick <= high + step / 1e6; tick += step) {
    svg += fmt::format(
        "<line class=\"grid\" x1=\"{}\" x2=\"{}\" y1=\"{:.1f}\" y2=\"{:.1f}\"/><text x=\"{}\" "
        "y=\"{:.1f}\" text-anchor=\"end\">{:.0f} %</text>\n",
        left, width - right, down(tick), down(tick), left - 8, down(tick) + 4, tick);
  }
  for (std::size_t r = 0; r < result.rungs.size(); ++r) {
    svg += fmt::format("<text x=\"{:.1f}\" y=\"{}\" text-anchor=\"middle\">{}</text>\n", across(r),
                       height - bottom + 20,
                       counted(static_cast<std::uint64_t>(result.rungs[r].epochs), "epoch", "epochs"));
  }
  const auto best = result.best();
  const auto line_of = [&](std::size_t candidate) {
    std::string path, dots;
    for (const Trial& trial : result.trials) {
      if (trial.candidate != candidate || trial.state != Trial::State::finished) continue;
      const double x = across(trial.rung), y = down(percent_of(result, trial));
      path += fmt::format("{}{:.1f} {:.1f}", path.empty() ? "M" : "L", x, y);
      dots += fmt::format(
          "<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"4\"><title>{:.2f} % after {}: {}</title></circle>", x, y,
          percent_of(result, trial), counted(static_cast<std::uint64_t>(trial.epochs), "epoch", "epochs"),
          html_text(trial.candidate == 0 ? "the recipe itself" : tried_text(result, trial)));
    }
    const bool is_best = best && result.trials[*best].candidate == candidate;
    return fmt::format("<g class=\"{}\"><path d=\"{}\"/>{}</g>\n",
                       is_best          ? "best"
                       : candidate == 0 ? "recipe"
                                        : "other",
                       path, dots);
  };
  std::vector<std::size_t> order;  // the ones that stand out lie above
  for (std::size_t c = result.candidates.size(); c-- > 0;) {
    if (!best || c != result.trials[*best].candidate) order.push_back(c);
  }
  if (best) order.push_back(result.trials[*best].candidate);
  for (const std::size_t c : order) svg += line_of(c);
  return svg + "</svg>\n";
}

std::string table(const TuneResult& result) {
  const auto rows = tune_rows(result);
  std::string html = "<div class=\"scroll\"><table><thead><tr>";
  for (std::size_t c = 1; c < rows[0].size(); ++c) {
    html += fmt::format("<th scope=\"col\" class=\"n\">{}</th>", html_text(rows[0][c]));
  }
  html += "<th scope=\"col\"></th></tr></thead><tbody>\n";
  for (std::size_t r = 1; r < rows.size(); ++r) {
    html += rows[r][0] == "*" ? "<tr class=\"best\">" : "<tr>";
    html += fmt::format("<th scope=\"row\" class=\"n\">{}</th>", rows[r][1]);
    for (std::size_t c = 2; c < rows[0].size(); ++c)
      html += fmt::format("<td class=\"n\">{}</td>", html_text(rows[r][c]));
    const bool recipe = rows[r][1] == "0";
    html +=
        fmt::format("<td class=\"nowrap\">{}</td></tr>\n", rows[r].size() > rows[0].size() ? rows[r].back()
                                                           : recipe                        ? "the recipe"
                                                                                           : "");
  }
  return html + "</tbody></table></div>\n";
}

std::string cards(const TuneResult& result) {
  std::string html = "<div class=\"cards\">\n";
  if (const auto best = result.best()) {
    const Trial& trial = result.trials[*best];
    html += html_card(fmt::format("{:.2f} %", trial.accuracy),
                      fmt::format("validation accuracy of the best training, candidate {}", trial.candidate));
    html += html_card(fmt::format("{:.3f}", trial.macro_f1), "macro F1 of that training");
    if (trial.test_accuracy)
      html += html_card(fmt::format("{:.2f} %", *trial.test_accuracy),
                        "accuracy of that training on the test pictures, which played no part in the search");
  }
  html +=
      html_card(std::to_string(result.trials.size()),
                fmt::format("trainings of {}", counted(result.candidates.size(), "candidate", "candidates")));
  html += html_card(clock_text(result.seconds),
                    fmt::format("spent, of a budget of {}", clock_text(result.options.budget_seconds)));
  return html + "</div>\n";
}

}  // namespace

std::string tune_page(const TuneResult& result) {
  const std::string title = html_text(result.folder.filename().string());
  std::string html = html_head(title + " – bart tune", tune_style);
  html += fmt::format(
      "<body><main>\n<header><h1>{}</h1><p>What was tried for the recipe {}, by successive halving: all "
      "candidates are trained for a few epochs, and the better half goes on to the next round, with twice as "
      "many.</p></header>\n{}",
      title, html_text(result.options.recipe), cards(result));
  if (!result.complete) {
    html += fmt::format("<p class=\"note\">{}</p>\n",
                        result.out_of_time ? "The time ran out before all rounds were done. The same command "
                                             "with a larger <code>--budget</code> continues."
                                           : "The search is not finished. The same command continues it.");
  }
  if (const std::string command = best_command(result); !command.empty()) {
    html += html_section(
        "command", "The best settings",
        fmt::format("<p>This trains with them on all pictures that are not for testing:</p>\n<pre>{}</pre>\n",
                    html_text(command)));
  }
  html += html_section(
      "rounds", "Round by round",
      fmt::format("<p class=\"key\">{}: <b class=\"best\">the best candidate</b>, <b class=\"recipe\">the "
                  "recipe</b>, and the others.</p>\n{}",
                  result.options.by == BestBy::accuracy ? "Validation accuracy" : "Macro F1", chart(result)));
  html += html_section("tried", "What was tried",
                       "<p>Each candidate with its last training. The values of augm. and dropout are "
                       "multiples of the recipe's.</p>\n" +
                           table(result));
  return html + "</main></body></html>\n";
}

}  // namespace bart
