#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "bart/html/html.h"
#include "bart/platform/counted.h"
#include "bart/platform/error.h"
#include "bart/platform/files.h"
#include "bart/record/epoch_figures.h"
#include "bart/report/report.h"
#include "bart/training/metrics.h"
#include "bart/training/predictions.h"
#include "chart.h"
#include "confusion_chart.h"
#include "course.h"
#include "mistakes.h"
#include "page_script.h"
#include "page_style.h"
#include "page_words.h"
#include "shown_pictures.h"

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

std::string facts(const std::vector<std::pair<const char*, std::string>>& rows) {
  std::string html = "<table class=\"facts\"><tbody>";
  for (const auto& [name, text] : rows)
    html += fmt::format("<tr><th scope=\"row\">{}</th><td>{}</td></tr>\n", name, text);
  return html + "</tbody></table>\n";
}

std::string header(const RunRecord& run) {
  const bool finished = run.status == "finished";
  const std::string status = finished
                                 ? counted(run.epochs.size(), "epoch", "epochs")
                                 : fmt::format("{} after {} of {} epochs",
                                               run.status == "running" ? "unfinished" : html_text(run.status),
                                               run.epochs.size(), run.settings.epochs);
  return fmt::format(
      "<header class=\"top\"><div><h1>{}</h1><p>{} in {}, trained {} with BART {}</p></div><span "
      "class=\"status{}\">{}</span></header>\n<code class=\"command\">{}</code>\n",
      html_text(run.data_folder.filename().string()), counted(run.pictures, "picture", "pictures"),
      counted(run.classes.size(), "class", "classes"), html_text(date_text(run.started)),
      html_text(run.version), finished ? "" : " unfinished", status, html_text(run.command));
}

std::string cards(const RunRecord& run, const Evaluation& evaluation) {
  double train_seconds = 0, all_seconds = 0;
  for (const EpochRecord& row : run.epochs) {
    train_seconds += row.train_seconds;
    all_seconds += row.train_seconds + row.validation_seconds;
  }
  const ClassificationReport& report = evaluation.report;
  std::string html = "<div class=\"cards\">\n";
  html += html_card(percent(report.accuracy),
                    fmt::format("accuracy: {} of {} test pictures correct{}",
                                with_commas(static_cast<std::uint64_t>(report.right)),
                                with_commas(static_cast<std::uint64_t>(report.support)),
                                run.validation_pictures > 0 ? "" : ", which are the validation pictures too"),
                    "first");
  html += html_card(fmt::format("{:.3f}", report.macro.f1), "macro F1: the mean over all classes");
  if (run.classes.size() > 5) html += html_card(percent(evaluation.top5_accuracy), "top-5 accuracy");
  html += html_card(fmt::format("{:.3f}", evaluation.loss), "loss on the test pictures");
  if (const int best = best_epoch_of(run); best > 0) {
    const EpochRecord& epoch = run.epochs[static_cast<std::size_t>(best) - 1];
    html += html_card(
        fmt::format("{} of {}", best, run.epochs.size()),
        fmt::format("the best epoch: {:.1f} % of the {} pictures correct", epoch.validation_accuracy,
                    run.validation_pictures > 0 ? "validation" : "test"));
  }
  if (train_seconds > 0) {
    const auto [time, unit] = duration(all_seconds);
    html += html_card(
        time, fmt::format("{} of training, at {:.0f} images/s", unit,
                          static_cast<double>(run.epochs.size() * run.train_pictures) / train_seconds));
  }
  return html + "</div>\n";
}

/// The loss of the steps over the epochs, averaged over groups of steps so that there are at most 400 points.
std::vector<ChartPoint> step_losses(const RecordedRun& run) {
  const auto per_epoch = std::max<double>(1, std::ceil(static_cast<double>(run.record.train_pictures) /
                                                       std::max(1, run.record.settings.batch_size)));
  const std::size_t bucket = run.steps.size() / 400 + 1;
  std::vector<ChartPoint> points;
  for (std::size_t begin = 0; begin < run.steps.size(); begin += bucket) {
    const std::size_t end = std::min(begin + bucket, run.steps.size());
    ChartPoint point;
    for (std::size_t i = begin; i < end; ++i) {
      point.x += static_cast<double>(run.steps[i].step) / per_epoch;
      point.y += run.steps[i].loss;
    }
    points.push_back(
        {point.x / static_cast<double>(end - begin), point.y / static_cast<double>(end - begin)});
  }
  return points;
}

std::vector<ChartPoint> curve(const RunRecord& run, const EpochFigure& figure) {
  std::vector<ChartPoint> points;
  for (const EpochRecord& row : run.epochs) {
    points.push_back({static_cast<double>(row.epoch), row.*figure.value});
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

std::string training_section(const RecordedRun& run, const ConfusionMatrix& matrix) {
  if (run.steps.empty()) return {};
  // Curves measured on the test pictures are labelled so.
  const char* const validation =
      run.record.validation_pictures > 0 ? "validation" : "validation (test pictures)";
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
  if (!run.record.epochs.empty()) {
    html += chart("accuracy", "Accuracy", "train_accuracy_percent", 100,
                  {line("training", "a", "train_accuracy_percent"),
                   line(validation, "b", "validation_accuracy_percent")});
    html += chart("f1", nullptr, "validation_macro_f1", 1, {line(validation, "b", "validation_macro_f1")});
    html += chart("rate", nullptr, "learning_rate", 0,
                  {line(optimizer_name(run.record.settings), "a", "learning_rate")});
    html += chart("speed", nullptr, "images_per_second", 0, {line("training", "a", "images_per_second")});
  }
  html += "</div>\n";
  if (run.record.epochs.empty()) {
    html += "<p>No epoch has ended, so there are no figures per epoch.</p>\n";
  } else {
    html += epoch_table(run.record);
  }
  return html_section("training", "Training", html);
}

std::string warning_list(const RunRecord& run) {
  if (run.warnings.empty()) return {};
  std::string html = "<ul class=\"warnings\" aria-label=\"Warnings\">\n";
  for (const std::string& warning : run.warnings) html += fmt::format("<li>{}</li>\n", html_text(warning));
  return html + "</ul>\n";
}

std::string confusion_section(const RunRecord& run, const ConfusionMatrix& matrix) {
  std::string html =
      "<p class=\"scale\"><span><i class=\"r\"></i>correct, as a share of the class</span><span><i "
      "class=\"w\"></i>mistaken</span><span>rows: true class; columns: predicted class</span></p>\n";
  html += confusion_chart(matrix, run.classes);
  const std::vector<Confusion> mistakes = most_confused(matrix);
  if (mistakes.empty())
    return html_section("confusion-matrix", "Confusion matrix", html + "<p>There is no mistake.</p>\n");
  const auto table = [&](std::size_t begin, std::size_t end) {
    std::string rows =
        "<div class=\"scroll\"><table><thead><tr><th scope=\"col\">Class</th><th scope=\"col\">Predicted "
        "as</th><th "
        "scope=\"col\" class=\"n\">Pictures</th><th scope=\"col\" class=\"n\">Share of the "
        "class</th></tr></thead><tbody>\n";
    for (std::size_t i = begin; i < end; ++i) {
      const Confusion& pair = mistakes[i];
      rows += fmt::format(
          "<tr><th scope=\"row\">{}</th><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td></tr>\n",
          class_name(run, pair.truth), class_name(run, pair.predicted), pair.pictures,
          percent(static_cast<double>(pair.pictures) / static_cast<double>(matrix.support(pair.truth))));
    }
    return rows + "</tbody></table></div>\n";
  };
  const std::size_t first = std::min<std::size_t>(mistakes.size(), 8);
  html += "<h3>Most confused</h3>\n" + table(0, first);
  if (mistakes.size() > first) {
    html += fmt::format("<details><summary>{} more pairs</summary>{}</details>\n", mistakes.size() - first,
                        table(first, mistakes.size()));
  }
  return html_section("confusion-matrix", "Confusion matrix", html);
}

std::string class_section(const RunRecord& run, const ClassificationReport& report) {
  std::vector<ClassScores> classes = report.classes;
  std::ranges::stable_sort(classes, std::greater<>(), [](const ClassScores& row) { return row.scores.f1; });
  std::string html =
      "<div class=\"scroll\"><table class=\"sortable\"><thead><tr><th scope=\"col\">Class</th><th "
      "scope=\"col\" "
      "data-still><span class=\"unseen\">F1 as a bar</span></th><th scope=\"col\" class=\"n\" "
      "aria-sort=\"descending\">F1</th><th scope=\"col\" class=\"n\">Precision</th><th scope=\"col\" "
      "class=\"n\">Recall</th><th scope=\"col\" class=\"n\">Test pictures</th></tr></thead><tbody>\n";
  for (const ClassScores& scores : classes) {
    html += fmt::format(
        "<tr><th scope=\"row\">{}</th><td class=\"bar\" aria-hidden=\"true\"><i{} "
        "style=\"width:{:.1f}%\"></i></td><td "
        "class=\"n\">{:.3f}</td><td class=\"n\">{:.3f}</td><td class=\"n\">{:.3f}</td><td "
        "class=\"n\">{}</td></tr>\n",
        class_name(run, scores.label), scores.scores.f1 < report.macro.f1 ? " class=\"low\"" : "",
        100 * scores.scores.f1, scores.scores.f1, scores.scores.precision, scores.scores.recall,
        scores.support);
  }
  html += fmt::format(
      "</tbody></table></div>\n<p><small>F1 is the harmonic mean of precision (the share of correct ones "
      "among the pictures predicted as this class) and recall (the share of correct ones among the pictures "
      "of this class). Orange bars are below the mean of all classes, {:.3f}.</small></p>\n",
      report.macro.f1);
  return html_section("classes", "Classes", html);
}

std::string uncertain_section(const RunRecord& run, std::span<const ShownPicture> uncertain) {
  if (uncertain.empty()) return {};
  std::string html =
      "<p>The correctly predicted test pictures whose class has the lowest probability, with their two most "
      "probable classes.</p>\n<div class=\"pictures\">\n";
  for (const ShownPicture& picture : uncertain) html += shown_picture(run, picture);
  return html_section("uncertain", "Least certain", html + "</div>\n");
}

std::string calibration_section(const Calibration& calibration) {
  std::string html = fmt::format(
      "<p>How far the probabilities can be trusted: of the predictions with a probability of 80 %, 80 % "
      "should be correct. On average the probabilities are off by {} (expected calibration error, Guo et al. "
      "2017).</p>\n<div "
      "class=\"scroll\"><table><thead><tr><th "
      "scope=\"col\">Probability of the prediction</th><th scope=\"col\" class=\"n\">Pictures</th><th "
      "scope=\"col\" "
      "class=\"n\">Mean probability</th><th scope=\"col\" class=\"n\">Right</th><th scope=\"col\" "
      "data-still><span "
      "class=\"unseen\">Right, as a bar</span></th></tr></thead><tbody>\n",
      percent(calibration.expected_error));
  for (std::size_t m = 0; m < calibration_bins; ++m) {
    const CalibrationBin& bin = calibration.bins[m];
    if (bin.pictures == 0) continue;
    html += fmt::format(
        "<tr><th scope=\"row\">{:.0f} to {:.0f} %</th><td class=\"n\">{}</td><td class=\"n\">{}</td><td "
        "class=\"n\">{}</td>"
        "<td class=\"bar\" aria-hidden=\"true\"><i{} style=\"width:{:.1f}%\"></i></td></tr>\n",
        100.0 * static_cast<double>(m) / calibration_bins,
        100.0 * static_cast<double>(m + 1) / calibration_bins, bin.pictures, percent(bin.confidence),
        percent(bin.accuracy), bin.accuracy < bin.confidence ? " class=\"low\"" : "", 100 * bin.accuracy);
  }
  return html_section("calibration", "Calibration",
                      html +
                          "</tbody></table></div>\n<p><small>Orange: correct less often than the probability "
                          "says.</small></p>\n");
}

std::string data_section(const RunRecord& run) {
  std::string skipped;
  if (!run.skipped.empty()) {
    skipped = fmt::format(
        "<details><summary>{} skipped</summary><div class=\"scroll\"><table><thead><tr><th "
        "scope=\"col\">File</th><th scope=\"col\">Reason</th></tr></thead><tbody>\n",
        counted(run.skipped.size(), "file was", "files were"));
    for (const SkippedPicture& picture : run.skipped) {
      skipped += fmt::format("<tr><th scope=\"row\">{}</th><td>{}</td></tr>\n", html_text(picture.file),
                             html_text(picture.reason));
    }
    skipped += "</tbody></table></div></details>\n";
  }
  const std::string data = facts({
      {"Folder", html_text(run.data_folder.string())},
      {"Pictures",
       fmt::format("{} in {}, {:.1f} MB", with_commas(run.pictures),
                   counted(run.classes.size(), "class", "classes"), 1e-6 * static_cast<double>(run.bytes))},
      {"Split",
       fmt::format(
           "{} to train on, {}{} to test{} ({}, seed {})", with_commas(run.train_pictures),
           run.validation_pictures > 0 ? with_commas(run.validation_pictures) + " to validate on, " : "",
           with_commas(run.test_pictures), run.validation_pictures > 0 ? "" : " and to validate on",
           html_text(run.settings.split), seed_of_split(run.settings))},
      {"Sizes", fmt::format("{}, all resized to {}x{}", counted(run.sizes, "size", "different sizes"),
                            run.settings.image_size, run.settings.image_size)},
      {"Converted to RGB", with_commas(run.converted.size())},
      {"Skipped", with_commas(run.skipped.size())},
  });
  std::vector<std::pair<const char*, std::string>> how = {
      {"Steps", fmt::format("{} of {} pictures", with_commas(static_cast<std::uint64_t>(run.steps)),
                            run.settings.batch_size)},
      {"Computer", fmt::format("{}, {} ({})", html_text(run.machine.cpu),
                               counted(static_cast<std::uint64_t>(run.threads), "thread", "threads"),
                               html_text(run.machine.instructions))},
      {"Memory", fmt::format("{:.2f} GB at most", 1e-9 * static_cast<double>(run.peak_memory_bytes))},
      {"System", html_text(run.machine.system)},
  };
  for (const Setting& setting : run_settings()) {
    if (setting.effect == Effect::output || run.unrecorded.contains(setting.name)) continue;
    how.emplace_back(setting.label, html_text(shown_text(setting, run.settings)));
  }
  return html_section("data", "Data and settings",
                      "<div class=\"two\">" + data + facts(how) + "</div>\n" + skipped);
}

std::string augmentation_section(const RecordedRun& run) {
  if (!std::filesystem::exists(run.folder.augmented_pictures())) return {};
  return html_section(
      "augmentation", "What the network saw",
      fmt::format(
          "<p>Six training pictures as they are, at the left, and as they were changed in the first seven "
          "epochs.</p>\n<div class=\"scroll\"><img class=\"sheet\" alt=\"Training pictures, changed at "
          "random\" "
          "src=\"data:image/jpeg;base64,{}\"></div>\n<p><small>{}</small></p>\n",
          base64(read_file(run.folder.augmented_pictures())), html_text(run.record.settings.augment)));
}

std::string use_section() {
  return html_section(
      "use", "Use the model",
      fmt::format(
          "<p>From the folder that holds <code>{0}</code> and <code>{1}</code>:</p>\n"
          "<code class=\"command\">bart predict picture.jpg --top-k 3       # the three most probable "
          "classes\nbart explain picture.jpg                 # the parts of the picture that count\nbart "
          "evaluate other_pictures             # how good it is on others, one folder per class\nbart export "
          "--help                       # ONNX and safetensors, for other programs</code>\n"
          "<p>The same model in PyTorch: <code>torch.load(\"{0}\", weights_only=True)</code> is its "
          "state_dict. In C++: "
          "<code>bart::Model::load(\"{0}\")</code>.</p>\n",
          RunFolder::model_name, RunFolder::labels_name));
}

}  // namespace

std::string training_report(const RecordedRun& run, const LoadedPictures& pictures,
                            std::span<const std::uint32_t> test, const Predictions& predictions,
                            std::span<const Explanation> explanations, int threads) {
  if (predictions.classes != run.record.classes.size() || predictions.size() != test.size()) {
    throw Error(
        fmt::format("there are predictions for {} pictures and {} classes, the training in {} had {} and {}",
                    predictions.size(), predictions.classes, run.folder.record().string(), test.size(),
                    run.record.classes.size()));
  }
  const Evaluation evaluation = evaluate(predictions);
  const auto mistakes = static_cast<std::uint64_t>(evaluation.report.support - evaluation.report.right);
  const ReportPictures chosen = report_pictures(predictions);
  const std::vector<ReportPicture> all = chosen.all();
  if (explanations.size() != all.size()) {
    throw Error(fmt::format("the page needs {} explanations, not {}", all.size(), explanations.size()));
  }
  const std::vector<ShownPicture> shown =
      shown_pictures(run, pictures, test, predictions, all, explanations, threads);

  const std::string title = html_text(run.record.data_folder.filename().string());
  std::string html = fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
      "content=\"width=device-width, initial-scale=1\"><meta name=\"color-scheme\" content=\"light dark\">"
      "<title>{} – BART</title>\n<style>{}{}</style></head><body><main>\n",
      title, html_style, report_style);
  html += header(run.record);
  html += cards(run.record, evaluation);
  html += warning_list(run.record);
  html += fmt::format(
      "<nav aria-label=\"Sections\">{}<a href=\"#confusion-matrix\">Confusion matrix</a><a "
      "href=\"#classes\">Classes</a>"
      "{}{}<a href=\"#calibration\">Calibration</a>{}<a "
      "href=\"#data\">Data</a><a "
      "href=\"#use\">Use the model</a></nav>\n",
      run.steps.empty() ? "" : "<a href=\"#training\">Training</a>",
      mistakes > 0 ? "<a href=\"#mistakes\">Mistakes</a>" : "",
      chosen.uncertain.empty() ? "" : "<a href=\"#uncertain\">Least certain</a>",
      std::filesystem::exists(run.folder.augmented_pictures())
          ? "<a href=\"#augmentation\">What the network saw</a>"
          : "");
  html += training_section(run, evaluation.confusion);
  html += confusion_section(run.record, evaluation.confusion);
  html += class_section(run.record, evaluation.report);
  if (mistakes > 0) {
    const std::vector<ShownPicture> others =
        shown_pictures(run, pictures, test, predictions, chosen.other_mistakes, {}, threads);
    html += html_section(
        "mistakes", "Mistakes",
        mistake_gallery(run.record, std::span(shown).first(chosen.worst.size()), others, mistakes));
  }
  html += uncertain_section(run.record, std::span(shown).subspan(chosen.worst.size()));
  html += calibration_section(evaluation.calibration);
  html += augmentation_section(run);
  html += data_section(run.record);
  html += use_section();
  html += fmt::format("<footer>Made by bart {}. This page is self-contained and needs no network.</footer>\n",
                      html_text(run.record.version));
  return html + fmt::format("</main><script>{}</script></body></html>\n", report_script);
}

}  // namespace bart
