#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "bart/report/run.h"

namespace bart {

struct NamedRun {
  std::string name;  // as the user called it
  RunFacts run;
};

/// A table with a column a run; runs that do not fit into `columns` (0: no limit) follow in further tables.
/// What differs among the settings is marked with !, the best of each figure with *.
std::string comparison_text(const std::vector<NamedRun>& runs, std::size_t columns, bool coloured);

/// A list of objects, one a run.
std::string comparison_json(const std::vector<NamedRun>& runs);

}  // namespace bart
