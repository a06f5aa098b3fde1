#pragma once

#include <filesystem>

#include "bart/platform/error.h"

namespace bart {

/// Whether write_file() writes into what is there instead of replacing it: a device, a FIFO, a socket, or a
/// descriptor of this process such as /dev/stdout. Such a thing cannot be read back. Throws Error as
/// write_file().
bool writes_through(const std::filesystem::path& path);

/// The error for a file that must be there afterwards, where such a thing lies in its place.
Error keeps_nothing(const std::filesystem::path& file);

/// The file that write_file() writes for `path`: where the links of its last component lead to, also if
/// nothing is there yet. Throws Error as write_file().
std::filesystem::path written_place(const std::filesystem::path& path);

/// The folder of that file. Throws Error for a link into a folder that is not there.
std::filesystem::path written_folder(const std::filesystem::path& path);

}  // namespace bart
