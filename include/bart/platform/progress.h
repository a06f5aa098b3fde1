#pragma once

#include <cstddef>
#include <functional>

namespace bart {

/// Called now and then while something goes on: how much is done, and of how much. May be empty: nobody
/// watches.
using OnProgress = std::function<void(std::size_t done, std::size_t total)>;

}  // namespace bart
