#pragma once

#include <filesystem>

namespace bart {

/// Whether `path` is `folder` or lies below it. Neither has to exist.
bool lies_in(const std::filesystem::path& path, const std::filesystem::path& folder);

}  // namespace bart
