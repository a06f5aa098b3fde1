#pragma once

#include <filesystem>

namespace bart {

/// Copies the content of a regular file to `to`, which must not exist yet. The copy may be read and written
/// by at most those who may do so with `from`; nothing is changed afterwards, so that this works on file
/// systems without permissions, too, where std::filesystem::copy_file() fails (CIFS, FAT). Nothing is synced.
/// If it fails, no copy is left. Throws Error with the path and the system's reason.
void copy_regular_file(const std::filesystem::path& from, const std::filesystem::path& to);

}  // namespace bart
