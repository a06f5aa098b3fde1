#pragma once

#include <filesystem>

namespace bart {

/// Creates a folder, and those above it, if they are not there. Throws Error with the path and the system's
/// reason.
void make_folders(const std::filesystem::path& folder);

}  // namespace bart
