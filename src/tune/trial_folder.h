#pragma once

#include <filesystem>

namespace bart {

/// Removes what is large of a training that is not the best one: models, labels, test pictures, checkpoints.
/// Its record stays: run.json, run.toml, the curves and TensorBoard's events.
void keep_record_only(const std::filesystem::path& results);

}  // namespace bart
