#include "evaluation_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>

#include "bart/platform/printable.h"
#include "bart/formats/csv.h"

namespace bart {
namespace {

using nlohmann::ordered_json;

constexpr std::size_t confusions_shown = 10;
constexpr std::size_t names_shown = 10;

std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), names_shown); ++i)
    text += (i > 0 ? ", " : "") + printable(names[i]);
  if (names.size() > names_shown) text += fmt::format(" and {} more", names.size() - names_shown);
  return text;
}

double mean_confidence(const Evaluated& evaluated) {
  double sum = 0;
  for (const CalibrationBin& bin : evaluated.evaluation.calibration.bins)
    sum += bin.confidence * static_cast<double>(bin.pictures);
  return sum / static_cast<double>(evaluated.evaluation.report.support);
}

/// The pictures of each class of the model.
std::vector<std::int64_t> supports_of(const ConfusionMatrix& matrix) {
  std::vector<std::int64_t> supports;
  for (std::size_t c = 0; c < matrix.classes; ++c) {
    std::int64_t& support = supports.emplace_back(0);
    for (std::size_t other = 0; other < matrix.classes; ++other) support += matrix.at(c, other);
  }
  return supports;
}

ordered_json json_of(const Scores& scores) {
  return {{"precision", scores.precision}, {"recall", scores.recall}, {"f1", scores.f1}};
}

}  // namespace

std::string evaluation_text(const Evaluated& evaluated) {
  const Evaluation& evaluation = evaluated.evaluation;
  const ClassificationReport& report = evaluation.report;
  const std::vector<std::int64_t> supports = supports_of(evaluation.confusion);
  std::vector<std::string> names;
  std::transform(evaluated.classes.begin(), evaluated.classes.end(), std::back_inserter(names),
                 [](const std::string& name) { return printable(name); });

  std::string text = fmt::format("{} on the {} {} of {}\n\n{}\n", evaluated.model, report.support,
                                 evaluated.test_pictures ? "test pictures" : "pictures", evaluated.folder,
                                 classification_report_text(report, names));
  const auto line = [&](const char* name, const std::string& figures) {
    text += fmt::format("{:<16}{}\n", name, figures);
  };
  line("Accuracy", fmt::format("{:.2f} % ({} of {})", 100 * report.accuracy, report.right, report.support));
  if (names.size() > 5) line("Top-5 accuracy", fmt::format("{:.2f} %", 100 * evaluation.top5_accuracy));
  line("Loss", fmt::format("{:.4f}", evaluation.loss));
  line("F1", fmt::format("macro {:.4f}, micro {:.4f}, weighted {:.4f}", report.macro.f1, report.accuracy,
                         report.weighted.f1));
  line("Calibration",
       fmt::format("ECE {:.4f} ({} bins), mean confidence {:.2f} %", evaluation.calibration.expected_error,
                   calibration_bins, 100 * mean_confidence(evaluated)));

  std::vector<std::string> without;
  for (std::size_t c = 0; c < names.size(); ++c) {
    if (supports[c] == 0) without.push_back(evaluated.classes[c]);
  }
  if (!without.empty()) {
    text += fmt::format("\nNo picture here is of {} of the model's {} classes: {}\n", without.size(),
                        names.size(), listed(without));
  }

  const std::vector<Confusion> mistakes = most_confused(evaluation.confusion);
  if (mistakes.empty()) return text;
  text += fmt::format("\nMost confused, of {} mistakes:\n", report.support - report.right);
  for (std::size_t i = 0; i < std::min(mistakes.size(), confusions_shown); ++i) {
    const Confusion& its = mistakes[i];
    text += fmt::format("{:>6} of {:<5} {} taken for {}\n", its.pictures, supports[its.truth],
                        names[its.truth], names[its.predicted]);
  }
  return text;
}

std::string evaluation_json(const Evaluated& evaluated) {
  const Evaluation& evaluation = evaluated.evaluation;
  const ClassificationReport& report = evaluation.report;
  ordered_json per_class = ordered_json::array();
  for (const ClassScores& its : report.classes) {
    ordered_json row = {{"class", evaluated.classes[its.label]}};
    row.update(json_of(its.scores));
    row["support"] = its.support;
    row["predicted"] = its.predicted;
    per_class.push_back(row);
  }
  ordered_json matrix = ordered_json::array();
  for (std::size_t c = 0; c < evaluation.confusion.classes; ++c) {
    const auto row =
        evaluation.confusion.counts.begin() + static_cast<std::ptrdiff_t>(c * evaluation.confusion.classes);
    matrix.push_back(std::vector(row, row + static_cast<std::ptrdiff_t>(evaluation.confusion.classes)));
  }
  ordered_json confusions = ordered_json::array();
  for (const Confusion& its : most_confused(evaluation.confusion)) {
    confusions.push_back({{"true", evaluated.classes[its.truth]},
                          {"predicted", evaluated.classes[its.predicted]},
                          {"pictures", its.pictures}});
  }
  ordered_json bins = ordered_json::array();
  for (const CalibrationBin& bin : evaluation.calibration.bins) {
    bins.push_back({{"pictures", bin.pictures}, {"confidence", bin.confidence}, {"accuracy", bin.accuracy}});
  }
  ordered_json skipped = ordered_json::array();
  for (const SkippedPicture& its : evaluated.skipped)
    skipped.push_back({{"file", its.file}, {"reason", its.reason}});

  const Scores micro{report.accuracy, report.accuracy, report.accuracy};
  const ordered_json json = {
      {"model", evaluated.model},
      {"folder", evaluated.folder},
      {"test_pictures_only", evaluated.test_pictures},
      {"pictures", report.support},
      {"skipped", skipped},
      {"accuracy", report.accuracy},
      {"top5_accuracy", evaluation.top5_accuracy},
      {"loss", evaluation.loss},
      {"micro", json_of(micro)},
      {"macro", json_of(report.macro)},
      {"weighted", json_of(report.weighted)},
      {"per_class", per_class},
      {"confusion", {{"classes", evaluated.classes}, {"matrix", matrix}}},
      {"most_confused", confusions},
      {"calibration",
       {{"ece", evaluation.calibration.expected_error},
        {"mean_confidence", mean_confidence(evaluated)},
        {"bins", bins}}},
  };
  // File names may hold bytes that are no UTF-8; JSON cannot.
  return json.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

std::string class_csv(const Evaluated& evaluated) {
  std::string csv = "class,precision,recall,f1,support,predicted\n";
  for (const ClassScores& its : evaluated.evaluation.report.classes) {
    csv += fmt::format("{},{},{},{},{},{}\n", csv_field(evaluated.classes[its.label]), its.scores.precision,
                       its.scores.recall, its.scores.f1, its.support, its.predicted);
  }
  return csv;
}

std::string confusion_csv(const Evaluated& evaluated) {
  const ConfusionMatrix& matrix = evaluated.evaluation.confusion;
  std::string csv = "true\\predicted";
  for (const std::string& name : evaluated.classes) csv += "," + csv_field(name);
  csv += "\n";
  for (std::size_t truth = 0; truth < matrix.classes; ++truth) {
    csv += csv_field(evaluated.classes[truth]);
    for (std::size_t predicted = 0; predicted < matrix.classes; ++predicted)
      csv += fmt::format(",{}", matrix.at(truth, predicted));
    csv += "\n";
  }
  return csv;
}

}  // namespace bart
