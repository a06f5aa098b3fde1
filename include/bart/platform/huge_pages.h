#pragma once

#include <cstddef>

namespace bart {

/// Asks the kernel to use pages of 2 MB for a large block of memory that has not been used yet: filling the
/// block then takes 512 times fewer page faults, and reading it fewer address translations. This is only a
/// hint. A block that is too small to contain a 2 MB page is left alone, without a system call.
void prefer_huge_pages(void* memory, std::size_t bytes);

}  // namespace bart
