#pragma once

#include <cstdint>

namespace bart {

/// How many bytes of memory this process may use: the smaller of the machine's and the limits of its cgroup
/// and all above it (v1 or v2).
std::uint64_t machine_memory();

}  // namespace bart
