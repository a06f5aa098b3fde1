#pragma once

#include <cstdint>

namespace bart {

/// The largest resident memory of this process since it began or since forget_peak_memory(), in bytes.
std::uint64_t peak_memory_bytes();

/// Makes what is resident now the new peak. Has no effect if the kernel does not offer that.
void forget_peak_memory();

}  // namespace bart
