#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "bart/report/comparison.h"

namespace bart {

/// A table with one column per run. Runs that do not fit into `columns` characters (0: no limit) follow in
/// further tables. Settings that differ are marked with !, the best of each figure with *.
std::string comparison_text(const std::vector<NamedRun>& runs, std::size_t columns, bool coloured);

}  // namespace bart
