#pragma once

#include <cstddef>
#include <functional>

namespace bart {

/// Is called repeatedly during a long operation with how much is done, and of how much. May be empty.
using OnProgress = std::function<void(std::size_t done, std::size_t total)>;

}  // namespace bart
