#pragma once

#include <cstdint>

namespace bart {

/// The number of bytes of memory that this process may use: the smallest of the machine's memory and the
/// limits of its cgroup and of all cgroups above it (v1 or v2).
std::uint64_t machine_memory();

/// Gives the system back what this process has freed and the C library keeps for later, after work that
/// needed much more memory than what follows.
void return_freed_memory();

}  // namespace bart
