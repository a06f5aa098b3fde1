#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>
#include <vector>

namespace bart {

/// The folders of this process's cgroup and of all cgroups above it that hold the limits of `controller`
/// ("cpu", "memory"), of version 1 or 2 (cgroups(7)).
std::vector<std::filesystem::path> cgroup_folders(std::string_view controller);

/// The same from the texts of /proc/self/cgroup and /proc/self/mountinfo.
std::vector<std::filesystem::path> cgroup_folders(std::string_view controller, std::string_view groups,
                                                  std::string_view mounts);

/// The CPU quota in such a folder, in processors; infinity if there is none.
double cgroup_quota(const std::filesystem::path& folder);

/// The memory limit in such a folder, in bytes; the largest number if there is none.
std::uint64_t cgroup_memory(const std::filesystem::path& folder);

}  // namespace bart
