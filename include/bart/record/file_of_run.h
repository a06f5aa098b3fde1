#pragma once

#include <filesystem>

namespace bart {

/// Whether the path, which has no links or dots, is a file that a training wrote: its record, a checkpoint,
/// its model, its labels or its test pictures.
bool is_file_of_run(const std::filesystem::path& real);

}  // namespace bart
