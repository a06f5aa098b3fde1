#pragma once

#include <filesystem>

namespace bart {

/// Whether `path` is `folder` or lies below it. Neither has to exist.
bool lies_in(const std::filesystem::path& path, const std::filesystem::path& folder);

/// Whether both paths lead to one folder or file, or are the same text where it is gone.
bool is_same_place(const std::filesystem::path& one, const std::filesystem::path& other);

}  // namespace bart
