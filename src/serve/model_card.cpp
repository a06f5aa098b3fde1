#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "bart/dataset/class_names.h"
#include "bart/formats/csv.h"
#include "bart/model/origin.h"
#include "bart/platform/counted.h"
#include "bart/platform/error.h"
#include "bart/platform/files.h"
#include "bart/record/epoch_figures.h"
#include "bart/record/run_record.h"
#include "bart/serve/server.h"

namespace bart {
namespace {

namespace fs = std::filesystem;

/// A picture of each class among the test pictures of the training.
std::vector<fs::path> examples_of(const RunFolder& run, const std::vector<std::string>& classes) {
  std::map<std::string, fs::path> first;
  const std::vector<std::uint8_t> bytes = read_file(run.test_pictures_csv());
  for (const auto& row : csv_rows_of({reinterpret_cast<const char*>(bytes.data()), bytes.size()})) {
    // The names are those that bart train writes: a path would lead out of the folder.
    if (row.size() != 4 || row[0].find('/') != std::string::npos || !row[0].ends_with(".jpg")) continue;
    first.try_emplace(composed(row[3]), run.test_pictures() / row[0]);
  }
  std::vector<fs::path> examples;
  for (const std::string& name : classes) examples.push_back(first[composed(name)]);
  return examples;
}

/// The settings that differ from the defaults, as flags.
std::string recipe_of(const RunSettings& settings) {
  const RunSettings defaults;
  std::string text;
  for (const Setting& setting : run_settings()) {
    const std::string value = text_of(setting, settings);
    if (setting.effect != Effect::result || value == text_of(setting, defaults)) continue;
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", setting.label, shown_text(setting, settings));
  }
  return text.empty() ? "the original's" : text;
}

/// The calibration and the figures of each class, on the test pictures if they were measured there.
void add_evaluation(const RunRecord& record, const std::string& file, ModelCard& card) {
  const EvaluationRecord* shown = nullptr;
  for (const EvaluationRecord& one : record.evaluations) {
    if (one.model == file && (shown == nullptr || one.pictures == "test")) shown = &one;
  }
  if (shown == nullptr) return;
  card.facts.emplace_back(fmt::format("Expected calibration error, {} pictures", shown->pictures),
                          fmt::format("{:.1f} %: how far the probabilities are from the accuracy, on average",
                                      100 * shown->expected_calibration_error));
  for (const ClassScores& row : shown->classes) {
    card.facts.emplace_back(
        fmt::format("F1 of {}", record.classes.at(static_cast<std::size_t>(row.label))),
        fmt::format("{:.3f} (precision {:.3f}, recall {:.3f}, {})", row.scores.f1, row.scores.precision,
                    row.scores.recall,
                    counted(static_cast<std::uint64_t>(row.support), "picture", "pictures")));
  }
}

void add_facts(const RunRecord& record, const fs::path& file, ModelCard& card) {
  const auto add = [&](std::string label, std::string value) {
    card.facts.emplace_back(std::move(label), std::move(value));
  };
  add("Pictures", fmt::format("{} of {} classes: {} to train on, {} to test", record.pictures,
                              record.classes.size(), record.train_pictures, record.test_pictures));
  add("Settings other than the defaults", recipe_of(record.settings));
  add("Epochs", std::to_string(record.epochs.size()));
  const auto written = std::ranges::find(record.models, file.filename().string(), &ModelRecord::file);
  for (const EpochRecord& epoch : record.epochs) {
    if (written == record.models.end() || epoch.epoch != written->epoch) continue;
    for (const char* name : {"validation_accuracy_percent", "validation_macro_f1", "validation_loss"}) {
      const EpochFigure& figure = epoch_figure(name);
      add(figure.label, figure_text(figure, epoch.*figure.value));
    }
  }
  for (const TestRecord& test : record.tests) {
    if (test.model != file.filename().string()) continue;
    add("Test accuracy", fmt::format("{:.2f} %", test.accuracy_percent));
    add("Test macro F1", fmt::format("{:.3f}", test.macro_f1));
  }
  add("Trained", fmt::format("{} with BART {}", record.started, record.version));
  add_evaluation(record, file.filename().string(), card);
}

}  // namespace

ModelCard model_card(const FoundModel& found, std::span<const std::uint8_t> bytes,
                     const std::vector<std::string>& classes) {
  Origin origin(bytes);
  ModelCard card{.version = fmt::format("{:016x}", origin.fingerprint())};
  try {
    const RunRecord record = read_run_record(found.run);
    // The record of another training says nothing about this model.
    if (!origin.is(record).value_or(false) || !places_of_same_classes(record.classes, classes)) return card;
    add_facts(record, found.file, card);
    if (fs::exists(found.run.report())) card.report = found.run.report();
    card.examples = examples_of(found.run, classes);
  } catch (const Error&) {  // a model without a whole record is served all the same
  }
  return card;
}

}  // namespace bart
