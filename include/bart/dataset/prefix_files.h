#pragma once

#include <cstddef>
#include <filesystem>

namespace bart {

/// Does what the original script did to the user's folder: renames `pic_*` in each class folder to
/// `{class}_pic_*`. Returns how many files were renamed. Never replaces a file: throws Error when the new
/// name is taken, or when a file cannot be renamed.
std::size_t prefix_files(const std::filesystem::path& folder);

}  // namespace bart
