#include "bart/tune/tune_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "arguments.h"
#include "bart/platform/counted.h"
#include "bart/platform/error.h"
#include "bart/platform/printable.h"
#include "candidate.h"
#include "table.h"
#include "terminal.h"

namespace bart {
namespace {

/// Short headings, so that a row fits into 80 columns.
std::string heading_of(const std::string& flag) {
  constexpr std::pair<const char*, const char*> short_names[] = {{"weight-decay", "decay"},
                                                                 {"augment", "augm."},
                                                                 {"label-smoothing", "smooth"},
                                                                 {"logit-adjustment", "adjust"},
                                                                 {"image-size", "size"}};
  for (const auto& [name, shorter] : short_names) {
    if (flag == name) return shorter;
  }
  return flag;
}

/// The first cells of a row, which every candidate has: mark, number, epochs, accuracy, F1 and time.
constexpr std::size_t figure_cells = 6;

void check_trial(const TuneResult& result, const Trial& trial) {
  if (trial.candidate >= result.candidates.size()) {
    throw Error(fmt::format("there is no candidate {} of {} in this search", trial.candidate,
                            result.candidates.size()));
  }
}

/// Throws Error when the rows of a table would not fit each other.
void check(const TuneResult& result) {
  for (const Trial& trial : result.trials) check_trial(result, trial);
  for (const Candidate& candidate : result.candidates) {
    if (candidate.shown.size() != result.candidates[0].shown.size())
      throw Error("the candidates of this search try different settings");
  }
}

std::string figure_text(const Trial& trial, double value, int decimals) {
  return trial.state == Trial::State::finished ? fmt::format("{:.{}f}", value, decimals) : "-";
}

}  // namespace

const char* remark_of(const Trial& trial) {
  if (trial.state == Trial::State::diverged) return "diverged";
  return trial.state == Trial::State::unfinished ? "not finished" : "";
}

std::vector<std::vector<std::string>> tune_rows(const TuneResult& result) {
  check(result);
  std::vector<std::vector<std::string>> rows = {{"", "#", "epochs", "val %", "F1", "time"}};
  if (result.candidates.empty()) return rows;
  for (const auto& [flag, text] : result.candidates[0].shown) rows[0].push_back(heading_of(flag));
  const auto best = result.best();
  for (const std::size_t i : result.ranking()) {
    const Trial& trial = result.trials[i];
    auto& row = rows.emplace_back(
        std::vector<std::string>{best == i ? "*" : "", std::to_string(trial.candidate),
                                 std::to_string(trial.epochs), figure_text(trial, trial.accuracy, 2),
                                 figure_text(trial, trial.macro_f1, 3), clock_text(trial.seconds)});
    for (const auto& [flag, text] : result.candidates[trial.candidate].shown) row.push_back(text);
    if (const std::string remark = remark_of(trial); !remark.empty()) row.push_back(remark);
  }
  return rows;
}

std::string tune_table(const TuneResult& result, std::size_t columns) {
  const auto rows = tune_rows(result);
  std::vector<std::size_t> widths(rows[0].size());
  for (const auto& row : rows) {
    for (std::size_t c = 0; c < widths.size(); ++c) widths[c] = std::max(widths[c], columns_of(row[c]));
  }
  const auto line_of = [&](const std::vector<std::string>& row, std::size_t cells) {
    std::string line;
    for (std::size_t c = 0; c < std::min(row.size(), cells); ++c) {
      const std::size_t width = c < widths.size() ? widths[c] : 0;
      line += fmt::format("{}{:>{}}", c == 0 ? "" : c == 1 ? " " : "  ", row[c], width);
    }
    return line;
  };
  std::string table;
  std::size_t widest = 0;
  for (const auto& row : rows) {
    const std::string line = line_of(row, row.size());
    widest = std::max(widest, columns_of(line));
    table += line + "\n";
  }
  if (columns == 0 || widest <= columns) return table;
  table = line_of(rows[0], figure_cells) + "\n";
  for (std::size_t r = 1; r < rows.size(); ++r) {
    table += line_of(rows[r], figure_cells) + "\n";
    std::vector<std::string> lines;
    for (std::size_t c = figure_cells; c < rows[r].size(); ++c) {
      const std::string words = c < rows[0].size() ? rows[0][c] + " " + rows[r][c] : rows[r][c];
      if (!lines.empty() && columns_of(lines.back()) + 3 + columns_of(words) <= columns) {
        lines.back() += ", " + words;
      } else {
        lines.push_back("      " + words);
      }
    }
    for (const std::string& line : lines) table += line + "\n";
  }
  return table;
}

std::string tried_text(const TuneResult& result, const Trial& trial) {
  if (trial.candidate == 0) return "the recipe";
  check_trial(result, trial);
  std::string text;
  for (const auto& [flag, value] : result.candidates[trial.candidate].shown) {
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", flag, value);
  }
  return text;
}

std::string ended_text(const TuneResult& result, const Trial& trial) {
  const std::string figures = trial.state == Trial::State::finished
                                  ? fmt::format("Val Acc: {:.2f}%, Val Macro F1: {:.3f}, {}", trial.accuracy,
                                                trial.macro_f1, clock_text(trial.seconds))
                                  : remark_of(trial);
  return fmt::format("Candidate {}, {}: {} ({})", trial.candidate,
                     counted(static_cast<std::uint64_t>(trial.epochs), "epoch", "epochs"), figures,
                     tried_text(result, trial));
}

std::string best_command(const TuneResult& result) {
  const auto best = result.best();
  if (!best) return {};
  const Trial& trial = result.trials[*best];
  const TuneOptions& options = result.options;
  const RunSettings recipe = recipe_settings(options.recipe, trial.epochs);
  const RunSettings found = candidate(options, trial.candidate, trial.epochs).settings;
  std::vector<std::string> words = {"bart",         "train",    result.folder.string(),      "--recipe",
                                    options.recipe, "--epochs", std::to_string(trial.epochs)};
  for (const Setting& setting : run_settings()) {
    const std::string text = text_of(setting, found);
    if (setting.effect == Effect::output || std::string_view(setting.flag) == "epochs" ||
        text == text_of(setting, recipe)) {
      continue;
    }
    words.push_back(fmt::format("--{}", setting.flag));
    if (!std::holds_alternative<bool RunSettings::*>(setting.value)) words.push_back(text);
  }
  std::vector<const char*> arguments;
  for (const std::string& word : words) arguments.push_back(word.c_str());
  return quoted_command(static_cast<int>(arguments.size()), arguments.data());
}

}  // namespace bart
