#include "bart/record/epoch_figures.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <nlohmann/json.hpp>
#include <utility>

#include "bart/platform/error.h"
#include "bart/platform/printable.h"

namespace bart {
namespace {

using E = EpochRecord;

constexpr std::array<EpochFigure, 10> figures = {{
    {"loss", "Training loss", "", 4, "loss/train", Better::lower, &E::loss},
    {"train_accuracy_percent", "Training accuracy", " %", 2, "accuracy/train", Better::higher,
     &E::train_accuracy},
    {"validation_accuracy_percent", "Validation accuracy", " %", 2, "accuracy/validation", Better::higher,
     &E::validation_accuracy},
    {"validation_macro_f1", "Macro F1", "", 4, "macro_f1/validation", Better::higher,
     &E::validation_macro_f1},
    {"validation_loss", "Validation loss", "", 4, "loss/validation", Better::lower, &E::validation_loss},
    {"learning_rate", "Learning rate", "", 6, "learning_rate", Better::neither, &E::learning_rate, false},
    {"images_per_second", "Images/s", "", 1, "images_per_second", Better::higher, &E::images_per_second,
     false},
    {"train_seconds", "Training time", " s", 1, nullptr, Better::lower, &E::train_seconds},
    {"validation_seconds", "Validation time", " s", 1, nullptr, Better::lower, &E::validation_seconds},
    {"gradient_norm", "Gradient norm", "", 3, "gradient_norm", Better::neither, &E::gradient_norm, false},
}};

}  // namespace

std::span<const EpochFigure> epoch_figures() {
  return figures;
}

const EpochFigure& epoch_figure(std::string_view name) {
  const auto found = std::ranges::find(figures, name, &EpochFigure::name);
  if (found == figures.end()) throw Error(fmt::format("there is no figure {}", printable(name)));
  return *found;
}

std::string figure_text(const EpochFigure& figure, double value) {
  return fmt::format("{:.{}f}{}", value, figure.decimals, figure.unit);
}

std::string history_csv(std::span<const EpochRecord> epochs) {
  std::string csv = "epoch";
  for (const EpochFigure& figure : figures) csv += fmt::format(",{}", figure.name);
  for (const EpochRecord& epoch : epochs) {
    csv += fmt::format("\n{}", epoch.epoch);
    for (const EpochFigure& figure : figures) csv += fmt::format(",{}", epoch.*figure.value);
  }
  return csv + "\n";
}

std::string history_json(std::span<const EpochRecord> epochs) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const EpochRecord& epoch : epochs) {
    nlohmann::ordered_json object = {{"epoch", epoch.epoch}};
    for (const EpochFigure& figure : figures) object[figure.name] = epoch.*figure.value;
    list.push_back(std::move(object));
  }
  return list.dump(2) + "\n";
}

const EpochRecord* best_epoch_by(const EpochFigure& figure, std::span<const EpochRecord> epochs) {
  if (epochs.empty()) return nullptr;
  return figure.better == Better::lower ? &*std::ranges::min_element(epochs, {}, figure.value)
                                        : &*std::ranges::max_element(epochs, {}, figure.value);
}

}  // namespace bart
