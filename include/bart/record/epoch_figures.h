#pragma once

#include <span>
#include <string>
#include <string_view>

#include "bart/training/train.h"

namespace bart {

enum class Better { neither, higher, lower };

/// A row of the table of the figures that a training records for each epoch, from which run.json,
/// history.csv, history.json, checkpoints, TensorBoard, the report and bart compare are made.
struct EpochFigure {
  const char* name;         // "validation_accuracy_percent": in files
  const char* label;        // "Validation accuracy": for people
  const char* unit;         // written after the number: " %", " s" or empty
  int decimals;             // shown to people
  const char* tensorboard;  // the tag of its curve; nullptr: no curve
  Better better;
  double EpochRecord::*value;
  bool since_first_version = true;  // whether the records and checkpoints of all versions hold it
};

std::span<const EpochFigure> epoch_figures();

/// "78.59 %".
std::string figure_text(const EpochFigure& figure, double value);

/// CSV with a heading and one line per epoch. Each number has the fewest digits that give the same double.
std::string history_csv(std::span<const EpochRecord> epochs);

/// A JSON array with one object per epoch, with the same names.
std::string history_json(std::span<const EpochRecord> epochs);

/// The epoch with the best figure, the first of equal ones; nullptr if there is none.
const EpochRecord* best_epoch_by(const EpochFigure& figure, std::span<const EpochRecord> epochs);

/// The row with that name. Throws Error if there is none.
const EpochFigure& epoch_figure(std::string_view name);

}  // namespace bart
