#pragma once

#include <filesystem>

namespace bart {

/// Creates a folder, and those above it, if they are not there. Throws Error with the path and the system's
/// reason.
void make_folders(const std::filesystem::path& folder);

/// The folder, or the nearest one above it that exists. A link that leads nowhere exists: it is in the way.
std::filesystem::path existing_part(std::filesystem::path folder);

/// The path without each "x/.." whose x is not there: to the system such a path leads nowhere, and making its
/// folders would leave an empty x.
std::filesystem::path without_missing_detours(const std::filesystem::path& path);

}  // namespace bart
