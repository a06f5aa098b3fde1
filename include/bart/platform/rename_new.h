#pragma once

#include <filesystem>

namespace bart {

/// Renames a file or link to a name that is not taken yet. Returns whether it worked; errno tells why not,
/// EEXIST if the name is taken.
bool rename_to_new_name(const std::filesystem::path& from, const std::filesystem::path& to);

}  // namespace bart
