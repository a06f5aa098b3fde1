#pragma once

#include <cstdint>

namespace bart {

/// The most memory that this process had resident since it began, or since forget_peak_memory(), in bytes.
std::uint64_t peak_memory_bytes();

/// Begins anew: the peak is what is resident now. Where the kernel does not offer that, nothing changes.
void forget_peak_memory();

}  // namespace bart
