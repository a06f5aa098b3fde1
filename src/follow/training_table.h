#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "bart/record/run_record.h"

namespace bart {

/// What a training begins with, in lines: the data, the split, and the settings that differ from the
/// defaults.
std::string training_header(const RunRecord& record, std::size_t columns);

/// The headings of the table of epochs. From 50 columns up every row fits into a line; wider tables have more
/// columns.
std::string table_head(std::size_t columns);

/// The row of an epoch. The best one so far is marked with a *.
std::string table_row(const EpochRecord& epoch, int epochs, bool best, std::size_t columns);

}  // namespace bart
