#include "comparison_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>

#include "bart/platform/printable.h"
#include "terminal.h"

namespace bart {
namespace {

using nlohmann::ordered_json;

enum class Better { neither, higher, lower };

/// A line of the table: what each run says.
struct Row {
  std::string name;
  std::vector<std::string> cells;
  std::vector<double> values;  // of figures, NaN where a run has none
  Better better = Better::neither;
};

const HistoryRow* last_epoch(const RunFacts& run) {
  return run.history.empty() ? nullptr : &run.history.back();
}

/// The epoch with the highest (lowest) figure, the first of equals.
const HistoryRow* best_epoch(const RunFacts& run, double HistoryRow::*figure, Better better) {
  if (run.history.empty()) return nullptr;
  return better == Better::higher ? &*std::ranges::max_element(run.history, std::less<>(), figure)
                                  : &*std::ranges::min_element(run.history, std::less<>(), figure);
}

double training_seconds(const RunFacts& run) {
  double seconds = 0;
  for (const HistoryRow& row : run.history) seconds += row.train_seconds + row.validation_seconds;
  return seconds;
}

/// Over all epochs; NaN without any.
double images_per_second(const RunFacts& run) {
  double seconds = 0;
  for (const HistoryRow& row : run.history) seconds += row.train_seconds;
  return static_cast<double>(run.history.size() * run.train_pictures) / seconds;
}

std::string duration(double seconds) {
  const auto whole = std::lround(seconds);
  return whole >= 3600 ? fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60)
                       : fmt::format("{}:{:02}", whole / 60, whole % 60);
}

using Runs = std::vector<NamedRun>;

Row setting(const char* name, const Runs& runs, const std::function<std::string(const RunFacts&)>& text) {
  Row row{name, {}, {}, Better::neither};
  for (const NamedRun& its : runs) row.cells.push_back(printable(text(its.run)));
  if (std::ranges::any_of(row.cells, [&](const std::string& cell) { return cell != row.cells.front(); }))
    row.name += " !";
  return row;
}

Row figure(const char* name, const Runs& runs, Better better,
           const std::function<double(const RunFacts&)>& value,
           const std::function<std::string(double)>& text) {
  Row row{name, {}, {}, better};
  for (const NamedRun& its : runs) {
    row.values.push_back(value(its.run));
    row.cells.push_back(std::isfinite(row.values.back()) ? text(row.values.back()) : "-");
  }
  return row;
}

/// A figure of the last epoch, and of the best one with its number.
void add_curve(std::vector<Row>& rows, const std::string& name, const Runs& runs, Better better,
               double HistoryRow::*value, const std::function<std::string(double)>& text) {
  rows.push_back(figure((name + ", last").c_str(), runs, better,
                        [=](const RunFacts& run) {
                          const HistoryRow* row = last_epoch(run);
                          return row != nullptr ? row->*value : std::nan("");
                        },
                        text));
  Row best{name + ", best", {}, {}, better};
  for (const NamedRun& its : runs) {
    const HistoryRow* row = best_epoch(its.run, value, better);
    best.values.push_back(row != nullptr ? row->*value : std::nan(""));
    best.cells.push_back(row != nullptr ? fmt::format("{} (epoch {})", text(row->*value), row->epoch) : "-");
  }
  rows.push_back(std::move(best));
}

std::vector<Row> settings_of(const Runs& runs) {
  const auto row = [&](const char* name, auto text) { return setting(name, runs, text); };
  return {
      row("Data", [](const RunFacts& run) { return run.data_folder.filename().string(); }),
      row("Pictures", [](const RunFacts& run) { return std::to_string(run.pictures); }),
      row("Classes", [](const RunFacts& run) { return std::to_string(run.classes.size()); }),
      row("Split",
          [](const RunFacts& run) {
            return fmt::format("{}, {}/{}", run.split, run.train_pictures, run.test_pictures);
          }),
      row("Image size", [](const RunFacts& run) { return std::to_string(run.image_size); }),
      row("Batch size", [](const RunFacts& run) { return std::to_string(run.batch_size); }),
      row("Learning rate", [](const RunFacts& run) { return fmt::format("{}", run.learning_rate); }),
      row("Seed", [](const RunFacts& run) { return std::to_string(run.seed); }),
      row("Precision", [](const RunFacts& run) { return run.precision; }),
      row("Epochs",
          [](const RunFacts& run) { return fmt::format("{} of {}", run.history.size(), run.epochs); }),
      row("Steps", [](const RunFacts& run) { return std::to_string(run.steps.size()); }),
      row("Status", [](const RunFacts& run) { return run.status; }),
      row("Version", [](const RunFacts& run) { return run.version; }),
      row("Processor", [](const RunFacts& run) { return run.machine.cpu; }),
      row("Threads", [](const RunFacts& run) { return std::to_string(run.machine.threads); }),
  };
}

std::vector<Row> figures_of(const Runs& runs) {
  const auto percent = [](double value) { return fmt::format("{:.2f} %", value); };
  const auto four = [](double value) { return fmt::format("{:.4f}", value); };
  std::vector<Row> rows;
  add_curve(rows, "Accuracy", runs, Better::higher, &HistoryRow::validation_accuracy_percent, percent);
  add_curve(rows, "Macro F1", runs, Better::higher, &HistoryRow::validation_macro_f1, four);
  add_curve(rows, "Validation loss", runs, Better::lower, &HistoryRow::validation_loss, four);
  rows.push_back(figure(
      "Training loss, last", runs, Better::lower,
      [](const RunFacts& run) {
        const HistoryRow* row = last_epoch(run);
        return row != nullptr ? row->loss : std::nan("");
      },
      four));
  rows.push_back(figure("Images/s", runs, Better::higher, images_per_second,
                        [](double value) { return fmt::format("{:.1f}", value); }));
  rows.push_back(figure("Time", runs, Better::lower, training_seconds, duration));
  return rows;
}

/// Marks the best cells of a figure, where runs differ in it.
void mark_best(Row& row) {
  std::optional<double> best, worst;
  for (const double value : row.values) {
    if (!std::isfinite(value)) continue;
    best = !best ? value : row.better == Better::higher ? std::max(*best, value) : std::min(*best, value);
    worst = !worst ? value : row.better == Better::higher ? std::min(*worst, value) : std::max(*worst, value);
  }
  for (std::size_t i = 0; i < row.values.size(); ++i) {
    if (best && best != worst && row.values[i] == *best) row.cells[i] += " *";
  }
}

std::string padded(const std::string& text, std::size_t width) {
  return text + std::string(width - std::min(width, columns_of(text)), ' ');
}

}  // namespace

std::string comparison_text(const std::vector<NamedRun>& runs, std::size_t columns, bool coloured) {
  std::vector<Row> rows = settings_of(runs);
  const std::size_t settings = rows.size();
  for (Row& row : figures_of(runs)) {
    mark_best(row);
    rows.push_back(std::move(row));
  }
  std::vector<std::string> names;
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    names.push_back(printable(runs[i].name));
    std::size_t width = columns_of(names[i]);
    for (const Row& row : rows) width = std::max(width, columns_of(row.cells[i]));
    widths.push_back(width);
  }
  std::size_t first_column = 0;
  for (const Row& row : rows) first_column = std::max(first_column, row.name.size());

  constexpr std::size_t gap = 2;
  std::string text;
  for (std::size_t begin = 0; begin < runs.size();) {
    std::size_t end = begin;
    std::size_t width = first_column;
    while (end < runs.size() && (end == begin || columns == 0 || width + gap + widths[end] <= columns)) {
      width += gap + widths[end++];
    }
    const auto line = [&](const std::string& name, const std::vector<std::string>& cells,
                          const std::function<Style(std::size_t)>& style) {
      std::string its = padded(name, first_column);
      for (std::size_t i = begin; i < end; ++i) {
        const std::string cell = i + 1 < end ? padded(cells[i], widths[i]) : cells[i];
        its += std::string(gap, ' ') + styled(cell, style(i), coloured);
      }
      text += its + "\n";
    };
    if (begin > 0) text += "\n";
    line("", names, [](std::size_t) { return Style::bold; });
    for (std::size_t r = 0; r < rows.size(); ++r) {
      if (r == settings) text += "\n";
      line(rows[r].name, rows[r].cells, [&](std::size_t i) {
        return rows[r].cells[i].ends_with(" *") ? Style::good
               : rows[r].name.ends_with(" !")   ? Style::warning
                                                : Style::plain;
      });
    }
    begin = end;
  }
  return text;
}

std::string comparison_json(const std::vector<NamedRun>& runs) {
  ordered_json list = ordered_json::array();
  for (const auto& [name, run] : runs) {
    ordered_json object = {{"run", name},
                           {"status", run.status},
                           {"command", run.command},
                           {"version", run.version},
                           {"started", run.started},
                           {"data", run.data_folder.string()},
                           {"pictures", run.pictures},
                           {"train_pictures", run.train_pictures},
                           {"test_pictures", run.test_pictures},
                           {"classes", run.classes.size()},
                           {"split", run.split},
                           {"image_size", run.image_size},
                           {"batch_size", run.batch_size},
                           {"learning_rate", run.learning_rate},
                           {"seed", run.seed},
                           {"precision", run.precision},
                           {"epochs", run.epochs},
                           {"steps", run.steps.size()},
                           {"cpu", run.machine.cpu},
                           {"threads", run.machine.threads},
                           {"peak_memory_bytes", run.peak_memory_bytes}};
    if (!run.history.empty()) {
      object["images_per_second"] = images_per_second(run);
      object["seconds"] = training_seconds(run);
      const auto best = [&](double HistoryRow::*figure, Better better) {
        return best_epoch(run, figure, better)->*figure;
      };
      object["best"] = {
          {"validation_accuracy_percent", best(&HistoryRow::validation_accuracy_percent, Better::higher)},
          {"validation_macro_f1", best(&HistoryRow::validation_macro_f1, Better::higher)},
          {"validation_loss", best(&HistoryRow::validation_loss, Better::lower)}};
    }
    object["history"] = ordered_json::parse(history_json(run.history));
    list.push_back(std::move(object));
  }
  // File names may hold bytes that are no UTF-8; JSON cannot.
  return list.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace bart
