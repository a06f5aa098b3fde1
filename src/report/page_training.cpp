#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "bart/html/html.h"
#include "bart/record/epoch_figures.h"
#include "chart.h"
#include "course.h"
#include "sections.h"

namespace bart {
namespace {

/// A figure of every epoch that has it.
std::vector<ChartPoint> curve(const RunRecord& run, const EpochFigure& figure) {
  std::vector<ChartPoint> points;
  for (const EpochRecord& row : run.epochs) {
    const double value = row.*figure.value;
    if (std::isfinite(value)) points.push_back({static_cast<double>(row.epoch), value});
  }
  return points;
}

/// Groups of steps, so that a curve has at most 400 points.
std::size_t group_size(const RecordedRun& run) {
  return run.steps.size() / 400 + 1;
}

double steps_per_epoch(const RunRecord& run) {
  return std::max<double>(
      1, std::ceil(static_cast<double>(run.train_pictures) / std::max(1, run.settings.batch_size)));
}

/// The loss of the steps over the epochs, each point the mean of a group.
std::vector<ChartPoint> step_losses(const RecordedRun& run) {
  const double per_epoch = steps_per_epoch(run.record);
  const std::size_t group = group_size(run);
  std::vector<ChartPoint> points;
  for (std::size_t begin = 0; begin < run.steps.size(); begin += group) {
    const std::size_t end = std::min(begin + group, run.steps.size());
    ChartPoint point;
    for (std::size_t i = begin; i < end; ++i) {
      point.x += static_cast<double>(run.steps[i].step) / per_epoch;
      point.y += run.steps[i].loss;
    }
    const auto count = static_cast<double>(end - begin);
    points.push_back({point.x / count, point.y / count});
  }
  return points;
}

/// The learning rate of the steps over the epochs, the last of each group; of each epoch if steps.csv is of a
/// version that did not record it.
std::vector<ChartPoint> step_rates(const RecordedRun& run) {
  if (run.steps.empty() || run.steps.back().learning_rate < 0) {
    return curve(run.record, epoch_figure("learning_rate"));
  }
  const double per_epoch = steps_per_epoch(run.record);
  const std::size_t group = group_size(run);
  std::vector<ChartPoint> points;
  for (std::size_t begin = 0; begin < run.steps.size(); begin += group) {
    const StepRecord& step = run.steps[std::min(begin + group, run.steps.size()) - 1];
    points.push_back({static_cast<double>(step.step) / per_epoch, step.learning_rate});
  }
  return points;
}

std::string epoch_table(const RunRecord& run) {
  std::string html =
      "<details><summary>All figures of every epoch</summary><div class=\"scroll\"><table><thead><tr><th "
      "scope=\"col\">Epoch</th>";
  for (const EpochFigure& figure : epoch_figures()) {
    html += fmt::format("<th scope=\"col\" class=\"n\">{}</th>", figure.label);
  }
  html += "</tr></thead><tbody>\n";
  for (const EpochRecord& epoch : run.epochs) {
    html += fmt::format("<tr><th scope=\"row\">{}</th>", epoch.epoch);
    for (const EpochFigure& figure : epoch_figures()) {
      html += fmt::format("<td class=\"n\">{}</td>", figure_text(figure, epoch.*figure.value));
    }
    html += "</tr>\n";
  }
  return html + "</tbody></table></div></details>\n";
}

const char* optimizer_name(const RunSettings& settings) {
  return settings.optimizer == "sgd" ? "SGD" : settings.optimizer == "adamw" ? "AdamW" : "Adam";
}

}  // namespace

std::string models_section(const RunRecord& run) {
  const int best = best_epoch_of(run);
  if (best == 0 || run.epochs.size() < 2) return {};
  const EpochRecord& of_best = run.epochs[static_cast<std::size_t>(best) - 1];
  const EpochRecord& of_last = run.epochs.back();
  const auto tested = [&](const char* file) -> const TestRecord* {
    const auto found = std::ranges::find(run.tests, file, &TestRecord::model);
    return found == run.tests.end() ? nullptr : &*found;
  };
  const bool kept =
      std::ranges::find(run.models, RunFolder::best_model_name, &ModelRecord::file) != run.models.end();
  const TestRecord* const best_test = tested(RunFolder::best_model_name);
  const TestRecord* const last_test = tested(RunFolder::model_name);
  std::string rows;
  const auto row = [&](const std::string& name, const std::string& one, const std::string& other) {
    rows += fmt::format("<tr><th scope=\"row\">{}</th><td class=\"n\">{}</td><td class=\"n\">{}</td></tr>\n",
                        name, one, other);
  };
  row("Epoch", fmt::format("{} of {}", best, run.epochs.size()), fmt::format("{}", of_last.epoch));
  row("Model",
      kept                    ? fmt::format("<code>{}</code>", RunFolder::best_model_name)
      : best == of_last.epoch ? "that of the last epoch"
                              : "not kept (<code>--best</code> keeps it)",
      run.unfinished() && run.models.empty() ? "none yet"
                                             : fmt::format("<code>{}</code>", RunFolder::model_name));
  const char* const set = run.validation_pictures > 0 ? "validation" : "validation = test";
  for (const char* name : {"validation_accuracy_percent", "validation_macro_f1", "validation_loss", "loss",
                           "train_accuracy_percent"}) {
    const EpochFigure& figure = epoch_figure(name);
    std::string label = figure.label;
    if (label.starts_with("Validation")) label = set + label.substr(10);
    if (label == "Macro F1") label = fmt::format("{} macro F1", set);
    label[0] = static_cast<char>(label[0] >= 'a' && label[0] <= 'z' ? label[0] - 'a' + 'A' : label[0]);
    row(label, figure_text(figure, of_best.*figure.value), figure_text(figure, of_last.*figure.value));
  }
  if (last_test != nullptr) {
    const auto both = [&](const char* name, const auto& text) {
      row(name,
          best_test != nullptr    ? text(*best_test)
          : best == of_last.epoch ? text(*last_test)
                                  : "–",
          text(*last_test));
    };
    both("Test accuracy",
         [](const TestRecord& test) { return fmt::format("{:.2f} %", test.accuracy_percent); });
    both("Test macro F1", [](const TestRecord& test) { return fmt::format("{:.4f}", test.macro_f1); });
    both("Test loss", [](const TestRecord& test) { return fmt::format("{:.4f}", test.loss); });
  }
  return fmt::format(
      "<h3 id=\"models\">Best and last model</h3>\n<div class=\"scroll\"><table "
      "class=\"models\"><thead><tr><th "
      "scope=\"col\"></th><th scope=\"col\" class=\"n\">Best epoch</th><th scope=\"col\" class=\"n\">Last "
      "epoch</th></tr></thead><tbody>\n{}</tbody></table></div>\n",
      rows);
}

std::string training_section(const RecordedRun& run, const ConfusionMatrix* matrix) {
  if (run.steps.empty()) return {};
  // Curves measured on the test pictures are labelled so.
  const char* const validation = run.record.validation_pictures > 0 ? "validation" : "validation = test";
  const auto line = [&](const char* name, const char* colour, const char* figure) {
    return ChartLine{name, colour, curve(run.record, epoch_figure(figure)), false};
  };
  const double best = best_epoch_of(run.record);
  const auto chart = [best](const char* id, const char* title, const char* figure, double at_most,
                            std::vector<ChartLine> lines) {
    const EpochFigure& shown = epoch_figure(figure);
    return chart_html({.id = id,
                       .title = title != nullptr ? title : shown.label,
                       .unit = shown.unit,
                       .decimals = shown.decimals,
                       .from_zero = true,
                       .at_most = at_most,
                       .best = best,
                       .lines = std::move(lines)});
  };
  std::string html = "<ul class=\"course\">\n";
  for (const std::string& sentence : course_of(run.record, matrix)) {
    html += fmt::format("<li>{}</li>\n", html_text(sentence));
  }
  html += "</ul>\n<div class=\"charts\">\n";
  html += chart("loss", "Loss", "loss", 0,
                {{"each step", "a", step_losses(run), true},
                 line("training", "a", "loss"),
                 line(validation, "b", "validation_loss")});
  const bool has_epochs = !run.record.epochs.empty();
  if (has_epochs) {
    html += chart("accuracy", "Accuracy", "train_accuracy_percent", 100,
                  {line("training", "a", "train_accuracy_percent"),
                   line(validation, "b", "validation_accuracy_percent")});
    html += chart("f1", nullptr, "validation_macro_f1", 1, {line(validation, "b", "validation_macro_f1")});
  }
  html += chart("rate", "Learning rate of each step", "learning_rate", 0,
                {{optimizer_name(run.record.settings), "a", step_rates(run), false}});
  if (has_epochs) {
    html += chart("speed", nullptr, "images_per_second", 0, {line("training", "a", "images_per_second")});
  }
  html += "</div>\n";
  if (run.record.epochs.empty()) {
    html += "<p>No epoch has ended, so there are no figures per epoch.</p>\n";
  } else {
    html += models_section(run.record);
    html += epoch_table(run.record);
  }
  return html_section("training", "Training", html);
}

}  // namespace bart
