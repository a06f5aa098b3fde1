#pragma once

#include <span>
#include <string>
#include <string_view>

#include "bart/training/train.h"

namespace bart {

enum class Better { neither, higher, lower };

/// A row of the table of what a training keeps of each epoch, beside its number. run.json, history.csv,
/// history.json, checkpoints, TensorBoard, the report and bart compare are made of it.
struct EpochFigure {
  const char* name;         // "validation_accuracy_percent": in files
  const char* label;        // "Validation accuracy": for people
  const char* unit;         // " %", " s" or nothing, written after the number
  int decimals;             // that people see
  const char* tensorboard;  // the tag of its curve, or nothing
  Better better;
  double EpochRecord::*value;
};

std::span<const EpochFigure> epoch_figures();

/// "78.59 %".
std::string figure_text(const EpochFigure& figure, double value);

/// A heading, then a line per epoch. Numbers are the shortest that give the double back.
std::string history_csv(std::span<const EpochRecord> epochs);

/// A list of objects, one per epoch, under the same names.
std::string history_json(std::span<const EpochRecord> epochs);

/// The epoch whose figure is best, the first of equals; nullptr where there is none.
const EpochRecord* best_epoch_by(const EpochFigure& figure, std::span<const EpochRecord> epochs);

/// The row of that name. Throws std::out_of_range where there is none.
const EpochFigure& epoch_figure(std::string_view name);

}  // namespace bart
