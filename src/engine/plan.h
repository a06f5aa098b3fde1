#pragma once

#include <string>
#include <vector>

#include "arena.h"
#include "bart/engine/operation.h"

namespace bart {

/// The plan as text: the operations in order and the buffers of the arena.
std::string describe(const std::string& heading, const std::vector<Operation>& operations,
                     const ArenaLayout& arena);

}  // namespace bart
