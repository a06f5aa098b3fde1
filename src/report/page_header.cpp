#include <fmt/format.h>

#include <cmath>
#include <filesystem>
#include <utility>

#include "bart/html/html.h"
#include "bart/platform/counted.h"
#include "course.h"
#include "page_words.h"
#include "sections.h"

namespace bart {
namespace {

/// "3:18" as minutes and seconds or as hours and minutes, and the unit.
std::pair<std::string, const char*> duration(double seconds) {
  const auto whole = std::lround(seconds);
  if (whole < 60) return {fmt::format("{:.1f}", seconds), "seconds"};
  if (whole < 3600) return {fmt::format("{}:{:02}", whole / 60, whole % 60), "minutes"};
  return {fmt::format("{}:{:02}", whole / 3600, whole / 60 % 60), "hours"};
}

/// "2026-11-24 12:03 UTC" from a time in ISO 8601.
std::string date_text(const std::string& iso) {
  return iso.size() >= 16 && iso[10] == 'T' ? iso.substr(0, 10) + " " + iso.substr(11, 5) + " UTC" : iso;
}

}  // namespace

std::string page_header(const RunRecord& run) {
  const bool finished = run.status == "finished";
  const std::string status = finished
                                 ? counted(run.epochs.size(), "epoch", "epochs")
                                 : fmt::format("{} after {} of {} epochs",
                                               run.status == "running" ? "running:" : html_text(run.status),
                                               run.epochs.size(), run.settings.epochs);
  return fmt::format(
      "<header class=\"top\"><div><h1>{}</h1><p>{} in {}, trained {} with BART {}</p></div><span "
      "class=\"status{}\">{}</span></header>\n<code class=\"command\">{}</code>\n",
      html_breakable(run.data_folder.filename().string()), counted(run.pictures, "picture", "pictures"),
      counted(run.classes.size(), "class", "classes"), html_text(date_text(run.started)),
      html_text(run.version), finished ? "" : " unfinished", status, html_text(run.command));
}

std::string figure_cards(const RunRecord& run, const Evaluation* evaluation, std::string_view set) {
  const bool apart = run.validation_pictures > 0;
  std::string html = "<div class=\"cards\">\n";
  if (evaluation != nullptr) {
    const ClassificationReport& report = evaluation->report;
    html += html_card(percent(report.accuracy),
                      fmt::format("accuracy: {} of {} {} pictures correct{}",
                                  with_commas(static_cast<std::uint64_t>(report.right)),
                                  with_commas(static_cast<std::uint64_t>(report.support)), set,
                                  apart ? "" : ", which are the validation pictures too"),
                      "first");
    html += html_card(fmt::format("{:.3f}", report.macro.f1), "macro F1: the mean over all classes");
    if (run.classes.size() > 5) html += html_card(percent(evaluation->top5_accuracy), "top-5 accuracy");
    html += html_card(fmt::format("{:.3f}", evaluation->loss), fmt::format("loss on the {} pictures", set));
  }
  if (const int best = best_epoch_of(run); best > 0) {
    const EpochRecord& epoch = run.epochs[static_cast<std::size_t>(best) - 1];
    html += html_card(fmt::format("{} of {}", best, run.epochs.size()),
                      fmt::format("the best epoch: {:.1f}\u00a0% of the {} pictures correct",
                                  epoch.validation_accuracy, apart ? "validation" : "test"),
                      "best");
  }
  double train_seconds = 0;
  for (const EpochRecord& row : run.epochs) train_seconds += row.train_seconds;
  if (train_seconds > 0) {
    const auto [time, unit] = duration(seconds_of(run.epochs));
    html += html_card(
        time, fmt::format("{} of training, at {:.0f} images/s", unit,
                          static_cast<double>(run.epochs.size() * run.train_pictures) / train_seconds));
  }
  return html + "</div>\n";
}

std::string missing_parts(const RecordedRun& run, bool has_predictions) {
  const RunRecord& record = run.record;
  const std::string resume =
      fmt::format("<code>bart train --resume --out {}</code>",
                  html_text(std::filesystem::absolute(run.folder.results()).lexically_normal().string()));
  std::string now, later = "They come at the end of the training.";
  if (record.status == "running") {
    now = fmt::format(
        "The training is running. This page was written at {}; it reloads itself every ten seconds.",
        html_text(date_text(record.written)));
  } else if (record.status == "interrupted") {
    now = fmt::format("The training was interrupted after {}. {} continues it.",
                      counted(static_cast<std::uint64_t>(record.steps), "step", "steps"), resume);
    later = record.models.empty()
                ? "They come at the end of the training."
                : "They come at the end of the training; <code>bart report</code> makes them for the model "
                  "that is there.";
  } else if (record.status == "diverged") {
    now = "The training diverged and was given up; the warnings say where.";
    later = record.models.empty() ? "There is no model to make them with."
                                  : "<code>bart report</code> makes them for the last good model.";
  } else {
    now = "The training kept no test pictures.";
    later = "They need test pictures.";
  }
  return fmt::format(
      "<p class=\"note unfinished\" id=\"unfinished\">{} Not here yet: {}the mistakes with pictures, where "
      "the "
      "network looked, precision and recall, the map of the test pictures, and the model card. {}</p>\n",
      now,
      has_predictions || record.status == "finished" || record.status == "stopped"
          ? ""
          : "the confusion matrix and the figures of each class, which come with the next validation; ",
      later);
}

std::string warning_list(const RunRecord& run) {
  if (run.warnings.empty()) return {};
  std::string html = "<ul class=\"warnings\" aria-label=\"Warnings\">\n";
  for (const std::string& warning : run.warnings) html += fmt::format("<li>{}</li>\n", html_text(warning));
  return html + "</ul>\n";
}

}  // namespace bart
