#pragma once

#include <string>
#include <vector>

#include "bart/record/run_record.h"

namespace bart {

struct NamedRun {
  std::string name;  // as the user called it
  RecordedRun run;
};

/// What each run says about one thing.
struct ComparisonRow {
  std::string name;
  std::vector<std::string> cells;  // one per run
  bool differs = false;            // of a setting: the cells are not all equal
  std::vector<bool> best;          // of a figure, one per run
};

struct Comparison {
  std::vector<ComparisonRow> settings;  // the data, every setting that decides the result, the computer
  std::vector<ComparisonRow> figures;
  std::vector<std::string> notes;  // sentences: why no figure is marked as the best
};

/// Puts runs side by side. A figure is best only among runs that were measured alike: on the same data, split
/// in the same way, by the same loss. A run without a step wins nothing.
Comparison compare(const std::vector<NamedRun>& runs);

/// A list of objects, one per run.
std::string comparison_json(const std::vector<NamedRun>& runs);

}  // namespace bart
