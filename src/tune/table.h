#pragma once

#include <string>
#include <vector>

#include "bart/tune/tune.h"

namespace bart {

/// "diverged", "not finished", or empty.
const char* remark_of(const Trial& trial);

/// The cells of the table of candidates: the headings, and then a row per candidate, the best first. The
/// first cell is "*" for the best one. A row may have one cell more, with a remark.
std::vector<std::vector<std::string>> tune_rows(const TuneResult& result);

}  // namespace bart
