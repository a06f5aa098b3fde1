#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

#include "bart/tune/tune.h"

namespace bart {

/// The candidates as a table for a terminal, the best first, one row each: number, epochs, validation
/// accuracy and macro F1, time, and what was tried. Where a row needs more than `columns` (0: no limit), what
/// was tried follows on lines of its own. Like the other functions, throws Error for a trial of a candidate
/// that is not there.
std::string tune_table(const TuneResult& result, std::size_t columns = 0);

/// What a training tries, "lr 0.0031, image-size 160"; "the recipe" for that itself.
std::string tried_text(const TuneResult& result, const Trial& trial);

/// What came of a training that has ended, in a line: "Candidate 3, 2 epochs: diverged (lr 0.1)".
std::string ended_text(const TuneResult& result, const Trial& trial);

/// The command that trains with the best settings on all pictures that are not for testing, quoted for a
/// shell; empty if no training has finished.
std::string best_command(const TuneResult& result);

/// A self-contained HTML page: the best training and its command, the figures round by round as a chart, and
/// the table.
std::string tune_page(const TuneResult& result);

}  // namespace bart
