#pragma once

#include <filesystem>
#include <string_view>
#include <vector>

namespace bart {

/// The folders of this process's cgroup and of all above it that tell the limits of `controller` ("cpu",
/// "memory"), of version 1 or 2.
std::vector<std::filesystem::path> cgroup_folders(std::string_view controller);

}  // namespace bart
