#pragma once

#include <functional>

namespace bart {

/// Calls `program` and returns what it returns, on a stack of 8 MB whatever the limit of this process is
/// (`ulimit -s`): beyond a small one there is nothing but a crash. Threads that are started later have as
/// much. Throws what `program` throws.
int run_with_enough_stack(const std::function<int()>& program);

}  // namespace bart
