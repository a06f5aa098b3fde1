#pragma once

#include <cstdint>

namespace bart {

/// The number of bytes of memory that this process may use: the smallest of the machine's memory and the
/// limits of its cgroup and of all cgroups above it (v1 or v2).
std::uint64_t machine_memory();

}  // namespace bart
