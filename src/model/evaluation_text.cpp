#include "bart/model/evaluation_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <utility>

#include "bart/engine/softmax.h"
#include "bart/formats/csv.h"
#include "bart/platform/counted.h"
#include "bart/platform/error.h"
#include "bart/platform/json_text.h"
#include "bart/platform/printable.h"

namespace bart {
namespace {

using nlohmann::ordered_json;

constexpr std::size_t confusions_shown = 10;
constexpr std::size_t names_shown = 10;

double mean_confidence(const EvaluationReport& evaluated) {
  double sum = 0;
  for (const CalibrationBin& bin : evaluated.result.evaluation.calibration.bins)
    sum += bin.confidence * static_cast<double>(bin.pictures);
  return sum / static_cast<double>(evaluated.result.evaluation.report.support);
}

/// A name for a CSV file, without control characters, which would reach the terminal of a reader.
std::string csv_name(const std::string& name) {
  return csv_field(printable(name));
}

const std::string& name_of(std::int32_t label, const std::vector<std::string>& names) {
  return names[static_cast<std::size_t>(label)];
}

ordered_json json_of(const Scores& scores) {
  return {{"precision", scores.precision}, {"recall", scores.recall}, {"f1", scores.f1}};
}

struct EvaluatedPicture {
  const std::string& file;
  const std::string& label;
  const std::string& prediction;
  float probability;  // of the prediction
};

/// Throws Error when the parts of the report do not fit each other.
void check(const EvaluationReport& evaluated) {
  const FolderEvaluation& result = evaluated.result;
  const std::size_t classes = evaluated.classes.size();
  const auto is_class = [&](std::int32_t label) { return label >= 0 && std::cmp_less(label, classes); };
  const ConfusionMatrix& confusion = result.evaluation.confusion;
  bool fits = result.evaluated.size() == result.predictions.size() &&
              (result.predictions.size() == 0 || result.predictions.classes == classes) &&
              result.predictions.logits.size() == result.predictions.size() * result.predictions.classes &&
              confusion.classes <= classes &&
              confusion.counts.size() == confusion.classes * confusion.classes;
  fits &= std::ranges::all_of(result.predictions.labels, is_class);
  for (const std::uint32_t i : result.evaluated) fits &= i < result.pictures.files.size();
  for (const ClassScores& scores : result.evaluation.report.classes) fits &= is_class(scores.label);
  if (!fits) throw Error("the parts of the evaluation do not fit each other");
}

template <typename Take>
void for_each_picture(const EvaluationReport& evaluated, Take take) {
  check(evaluated);
  const Predictions& predictions = evaluated.result.predictions;
  for (std::size_t i = 0; i < predictions.size(); ++i) {
    const std::int32_t predicted = predicted_label(predictions.row(i));
    const std::vector<double> probabilities = softmax(predictions.row(i));
    take(EvaluatedPicture{evaluated.result.pictures.files[evaluated.result.evaluated[i]],
                          name_of(predictions.labels[i], evaluated.classes),
                          name_of(predicted, evaluated.classes),
                          static_cast<float>(probabilities[static_cast<std::size_t>(predicted)])});
  }
}

}  // namespace

std::string evaluation_text(const EvaluationReport& evaluated) {
  check(evaluated);
  const Evaluation& evaluation = evaluated.result.evaluation;
  const ClassificationReport& report = evaluation.report;
  std::vector<std::string> names;
  std::transform(evaluated.classes.begin(), evaluated.classes.end(), std::back_inserter(names),
                 [](const std::string& name) { return printable(name); });

  std::string text =
      fmt::format("{} on the {} {} of {}{}\n\n{}\n", evaluated.model, report.support,
                  evaluated.test_pictures ? "test pictures" : "pictures", evaluated.folder,
                  evaluated.mirror_images ? ", each judged together with its mirror image" : "",
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
    if (evaluation.confusion.support(static_cast<std::int32_t>(c)) == 0) {
      without.push_back(evaluated.classes[c]);
    }
  }
  if (!without.empty()) {
    text += fmt::format("\nThere are no pictures of {} of the model's {} classes: {}\n", without.size(),
                        names.size(), some_of(without, names_shown));
  }

  const std::vector<Confusion> mistakes = most_confused(evaluation.confusion);
  if (mistakes.empty()) return text;
  text += fmt::format("\nMost confused, of {} mistakes:\n", report.support - report.right);
  for (std::size_t i = 0; i < std::min(mistakes.size(), confusions_shown); ++i) {
    const Confusion& pair = mistakes[i];
    text += fmt::format("{:>6} of {:<5} {} taken for {}\n", pair.pictures,
                        evaluation.confusion.support(pair.truth), name_of(pair.truth, names),
                        name_of(pair.predicted, names));
  }
  return text;
}

std::string evaluation_json(const EvaluationReport& evaluated) {
  check(evaluated);
  const Evaluation& evaluation = evaluated.result.evaluation;
  const ClassificationReport& report = evaluation.report;
  ordered_json per_class = ordered_json::array();
  for (const ClassScores& scores : report.classes) {
    ordered_json row = {{"class", name_of(scores.label, evaluated.classes)}};
    row.update(json_of(scores.scores));
    row["support"] = scores.support;
    row["predicted"] = scores.predicted;
    per_class.push_back(row);
  }
  ordered_json matrix = ordered_json::array();
  for (std::size_t c = 0; c < evaluation.confusion.classes; ++c) {
    const auto row =
        evaluation.confusion.counts.begin() + static_cast<std::ptrdiff_t>(c * evaluation.confusion.classes);
    matrix.push_back(std::vector(row, row + static_cast<std::ptrdiff_t>(evaluation.confusion.classes)));
  }
  ordered_json confusions = ordered_json::array();
  for (const Confusion& pair : most_confused(evaluation.confusion)) {
    confusions.push_back({{"true", name_of(pair.truth, evaluated.classes)},
                          {"predicted", name_of(pair.predicted, evaluated.classes)},
                          {"pictures", pair.pictures}});
  }
  ordered_json bins = ordered_json::array();
  for (const CalibrationBin& bin : evaluation.calibration.bins) {
    bins.push_back({{"pictures", bin.pictures}, {"confidence", bin.confidence}, {"accuracy", bin.accuracy}});
  }
  ordered_json skipped = ordered_json::array();
  for (const SkippedPicture& picture : evaluated.result.pictures.skipped)
    skipped.push_back({{"file", picture.file}, {"reason", picture.reason}});

  const Scores micro{report.accuracy, report.accuracy, report.accuracy};
  const ordered_json json = {
      {"model", evaluated.model},
      {"folder", evaluated.folder},
      {"test_pictures_only", evaluated.test_pictures},
      {"tta", evaluated.mirror_images ? "flip" : "none"},
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
  return json_text(json, 2);
}

std::string class_csv(const EvaluationReport& evaluated) {
  check(evaluated);
  std::string csv = "class,precision,recall,f1,support,predicted\n";
  for (const ClassScores& row : evaluated.result.evaluation.report.classes) {
    csv += fmt::format("{},{},{},{},{},{}\n", csv_name(name_of(row.label, evaluated.classes)),
                       row.scores.precision, row.scores.recall, row.scores.f1, row.support, row.predicted);
  }
  return csv;
}

std::string predictions_csv(const EvaluationReport& evaluated) {
  std::string csv = "file,label,prediction,probability\n";
  for_each_picture(evaluated, [&](const EvaluatedPicture& picture) {
    csv += fmt::format("{},{},{},{}\n", csv_name(picture.file), csv_name(picture.label),
                       csv_name(picture.prediction), picture.probability);
  });
  return csv;
}

std::string predictions_json(const EvaluationReport& evaluated) {
  ordered_json list = ordered_json::array();
  for_each_picture(evaluated, [&](const EvaluatedPicture& picture) {
    list.push_back({{"file", picture.file},
                    {"label", picture.label},
                    {"prediction", picture.prediction},
                    {"probability", picture.probability}});
  });
  return json_text(list, 1);
}

std::string confusion_csv(const EvaluationReport& evaluated) {
  check(evaluated);
  const ConfusionMatrix& matrix = evaluated.result.evaluation.confusion;
  std::string csv = "true\\predicted";
  for (const std::string& name : evaluated.classes) csv += "," + csv_name(name);
  csv += "\n";
  const auto classes = static_cast<std::int32_t>(matrix.classes);
  for (std::int32_t truth = 0; truth < classes; ++truth) {
    csv += csv_name(name_of(truth, evaluated.classes));
    for (std::int32_t predicted = 0; predicted < classes; ++predicted)
      csv += fmt::format(",{}", matrix.at(truth, predicted));
    csv += "\n";
  }
  return csv;
}

}  // namespace bart
