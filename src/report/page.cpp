#include <fmt/format.h>

#include <string>
#include <string_view>
#include <vector>

#include "bart/dataset/check_pixels.h"
#include "bart/html/html.h"
#include "bart/platform/error.h"
#include "bart/report/model_card.h"
#include "bart/report/report.h"
#include "bart/training/metrics.h"
#include "bart/training/predictions.h"
#include "mistakes.h"
#include "page_script.h"
#include "page_style.h"
#include "page_words.h"
#include "predictions_script.h"
#include "sections.h"
#include "shown_pictures.h"

namespace bart {
namespace {

constexpr int seconds_between_loads = 10;

struct Link {
  const char* id;
  const char* name;
};

/// Everything before the first section.
std::string page_begin(const RunRecord& run, std::string_view head) {
  return html_head(html_text(run.data_folder.filename().string()) + " – BART", report_style, head) +
         "<body><main>\n";
}

/// Links to those of the sections that the page has.
std::string navigation(std::string_view sections) {
  constexpr Link links[] = {{"training", "Training"},
                            {"confusion-matrix", "Confusion matrix"},
                            {"classes", "Classes"},
                            {"precision", "Precision and recall"},
                            {"mistakes", "Mistakes"},
                            {"map", "Map"},
                            {"uncertain", "Least certain"},
                            {"calibration", "Calibration"},
                            {"augmentation", "What the network saw"},
                            {"data", "Data"},
                            {"use", "Use the model"}};
  std::string html = "<nav aria-label=\"Sections\">";
  for (const Link& link : links) {
    if (sections.find(fmt::format("<h2 id=\"{}\"", link.id)) == std::string_view::npos) continue;
    html += fmt::format("<a href=\"#{}\">{}</a>", link.id, link.name);
  }
  return html + "</nav>\n";
}

std::string page_end(const RunRecord& run) {
  return fmt::format(
      "<footer>Made by bart {}. This page is self-contained and needs no network.</footer>\n"
      "</main><script>{}{}</script></body></html>\n",
      html_text(run.version), report_script, predictions_script);
}

}  // namespace

std::string training_report(const RecordedRun& run, const LoadedPictures& pictures,
                            std::span<const std::uint32_t> test, const Predictions& predictions,
                            std::span<const Explanation> explanations, int threads) {
  check_pixels(pictures);
  if (predictions.classes != run.record.classes.size() || predictions.size() != test.size()) {
    throw Error(
        fmt::format("there are predictions for {} pictures and {} classes, the training in {} had {} and {}",
                    predictions.size(), predictions.classes, run.folder.record().string(), test.size(),
                    run.record.classes.size()));
  }
  for (const std::uint32_t i : test) {
    if (i >= pictures.size()) throw Error(fmt::format("there is no picture {} of {}", i, pictures.size()));
  }
  const Evaluation evaluation = evaluate(predictions);
  const auto mistakes = static_cast<std::uint64_t>(evaluation.report.support - evaluation.report.right);
  const ReportPictures chosen = report_pictures(predictions);
  const std::vector<ReportPicture> all = chosen.all();
  if (explanations.size() != all.size()) {
    throw Error(fmt::format("the page needs {} explanations, not {}", all.size(), explanations.size()));
  }
  for (std::size_t k = 0; k < all.size(); ++k) {
    if (explanations[k].maps.size() != all[k].classes.size())
      throw Error("an explanation does not have a map for each class of its picture");
  }
  const std::vector<ShownPicture> shown =
      shown_pictures(run, pictures, test, predictions, all, explanations, threads);

  std::string sections = training_section(run, &evaluation.confusion);
  sections += confusion_section(run.record, evaluation.confusion);
  sections += class_section(run.record, evaluation.report, "test");
  sections += precision_section(run.record, predictions);
  if (mistakes > 0) {
    const std::vector<ShownPicture> others =
        shown_pictures(run, pictures, test, predictions, chosen.other_mistakes, {}, threads);
    sections += html_section(
        "mistakes", "Mistakes",
        mistake_gallery(run.record, std::span(shown).first(chosen.worst.size()), others, mistakes));
  }
  std::vector<std::string> files;
  for (const std::uint32_t i : test) files.push_back(pictures.files[i]);
  sections += map_section(run.record, predictions, files);
  sections += uncertain_section(run.record, std::span(shown).subspan(chosen.worst.size()));
  sections += calibration_section(evaluation.calibration);
  sections += augmentation_section(run);
  sections += data_section(run.record);
  sections += use_section(model_card(run.record, evaluation));
  return page_begin(run.record, "") + page_header(run.record) +
         figure_cards(run.record, &evaluation, "test") + warning_list(run.record) + navigation(sections) +
         sections + page_end(run.record);
}

std::string progress_report(const RecordedRun& run, const Predictions* validated) {
  const RunRecord& record = run.record;
  const char* const set = record.validation_pictures > 0 ? "validation" : "test";
  std::string sections, cards;
  if (validated != nullptr && validated->size() > 0 && validated->classes != record.classes.size()) {
    throw Error(fmt::format("the predictions are for {} classes, the training has {}", validated->classes,
                            record.classes.size()));
  }
  if (validated != nullptr && validated->size() > 0) {
    const Evaluation evaluation = evaluate(*validated);
    cards = figure_cards(record, &evaluation, set);
    sections = training_section(run, &evaluation.confusion);
    sections += confusion_section(record, evaluation.confusion);
    sections += class_section(record, evaluation.report, set);
    sections += calibration_section(evaluation.calibration);
  } else {
    cards = figure_cards(record, nullptr, set);
    sections = training_section(run, nullptr);
  }
  sections += augmentation_section(run);
  sections += data_section(record);
  // The script loads the page again; it stays where the reader is.
  const std::string again =
      record.status != "running"
          ? std::string()
          : fmt::format(
                "<noscript><meta http-equiv=\"refresh\" content=\"{0}\"></noscript><meta name=\"bart-again\" "
                "content=\"{0}\" data-written=\"{1}\" data-epoch-seconds=\"{2:.0f}\">",
                seconds_between_loads, html_text(record.written),
                record.epochs.empty()
                    ? 0
                    : record.epochs.back().train_seconds + record.epochs.back().validation_seconds);
  return page_begin(record, again) + page_header(record) + missing_parts(run, validated != nullptr) + cards +
         warning_list(record) + navigation(sections) + sections + page_end(record);
}

}  // namespace bart
