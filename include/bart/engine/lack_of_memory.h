#pragma once

#include <optional>
#include <string>

#include "bart/engine/engine.h"

namespace bart {

/// Why options.device has too little memory for evaluations, and if `training` for steps, of batches up to
/// this size; nothing where it has enough, or there is no device. Takes the memory, and gives it back.
std::optional<std::string> lack_of_memory(const Architecture& architecture, const EngineOptions& options,
                                          int batch_size, bool training);

}  // namespace bart
