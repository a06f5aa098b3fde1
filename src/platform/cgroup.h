#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>
#include <vector>

namespace bart {

/// The folders of this process's cgroup and of all above it that tell the limits of `controller` ("cpu",
/// "memory"), of version 1 or 2 (cgroups(7)).
std::vector<std::filesystem::path> cgroup_folders(std::string_view controller);

/// The same from the texts of /proc/self/cgroup and /proc/self/mountinfo.
std::vector<std::filesystem::path> cgroup_folders(std::string_view controller, std::string_view groups,
                                                  std::string_view mounts);

/// The CPU quota that such a folder tells, in processors; infinity where there is none.
double cgroup_quota(const std::filesystem::path& folder);

/// The memory limit that such a folder tells, in bytes; the largest number where there is none.
std::uint64_t cgroup_memory(const std::filesystem::path& folder);

}  // namespace bart
