#pragma once

#include <string>
#include <vector>

#include "bart/record/run_record.h"

namespace bart {

struct NamedRun {
  std::string name;  // as the user named it
  RecordedRun run;
};

/// A row of the comparison: one setting or figure of each run.
struct ComparisonRow {
  std::string name;
  std::vector<std::string> cells;  // one per run
  bool differs = false;            // of a setting: the cells are not all equal
  std::vector<bool> best;          // of a figure, one per run
};

struct Comparison {
  std::vector<ComparisonRow> settings;  // the data, every setting that affects the result, the computer
  std::vector<ComparisonRow> figures;
  std::vector<std::string> notes;  // sentences, such as why no figure is marked as the best
};

/// Puts runs side by side. A figure is marked as the best only among runs that were measured in the same way:
/// on the same data with the same split and the same loss. A run without a step is never the best.
Comparison compare(const std::vector<NamedRun>& runs);

/// A JSON array of objects, one per run.
std::string comparison_json(const std::vector<NamedRun>& runs);

}  // namespace bart
