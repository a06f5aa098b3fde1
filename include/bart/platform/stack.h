#pragma once

#include <functional>

namespace bart {

/// Calls `program` on a stack of 8 MB, whatever the limit of this process is (`ulimit -s`), because the
/// program would crash on a small stack. Threads that are started later get stacks of 8 MB too. Returns what
/// `program` returns and throws what it throws.
int run_with_enough_stack(const std::function<int()>& program);

}  // namespace bart
