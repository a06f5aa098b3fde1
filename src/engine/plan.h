#pragma once

#include <string>
#include <vector>

#include "arena.h"
#include "bart/engine/operation.h"

namespace bart {

/// The operations in order and the buffers of the arena, as text.
std::string describe(const std::string& heading, const std::vector<Operation>& operations,
                     const ArenaLayout& arena);

}  // namespace bart
