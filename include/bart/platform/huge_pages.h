#pragma once

#include <cstddef>

namespace bart {

/// Asks for 2 MB pages where a large block of fresh memory allows them, before its first use: filling it then
/// takes 512 times fewer page faults, and passing over it fewer address translations. A hint only; a block
/// too small to hold a 2 MB page wherever it lies is left alone, without a system call.
void prefer_huge_pages(void* memory, std::size_t bytes);

}  // namespace bart
