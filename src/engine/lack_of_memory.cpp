#include "bart/engine/lack_of_memory.h"

#include "bart/platform/error.h"

namespace bart {

std::optional<std::string> lack_of_memory(const Architecture& architecture, const EngineOptions& options,
                                          int batch_size, bool training) {
  if (options.device == nullptr) return std::nullopt;
  try {
    Engine(architecture, options).reserve(batch_size, training);
    return std::nullopt;
  } catch (const Error& error) {
    return error.what();
  }
}

}  // namespace bart
