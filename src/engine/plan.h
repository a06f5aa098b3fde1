#pragma once

#include <string>
#include <vector>

#include "arena.h"
#include "bart/engine/operation.h"

namespace bart {

/// The plan as text: the operations in order and the buffers of the arena. Operations of one name, which work
/// on parts of the batch, are one line.
std::string describe(const std::string& heading, const std::vector<Operation>& operations,
                     const ArenaLayout& arena);

}  // namespace bart
