#pragma once

#include <initializer_list>

#include "outputs.h"

namespace bart {

/// What can be known about the outputs of a command before anything is read: check_can_write() for each;
/// throws UsageError for two outputs in one file and for one that is, or has the name of, a file of a
/// training (its record, a checkpoint, its model), which would be lost.
void check_outputs(std::initializer_list<Output> outputs);

}  // namespace bart
