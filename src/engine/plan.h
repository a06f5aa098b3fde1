#pragma once

#include <functional>
#include <string>
#include <vector>

#include "arena.h"
#include "bart/engine/engine.h"

namespace bart {

/// One step of a plan: what it is, which kernel does it, and the call itself.
struct Operation {
  std::string name;            // "block1.0 forward"
  std::string implementation;  // oneDNN's own name of its kernel, or "bart"
  std::function<void()> run;
  double flops = 0;  // multiplications and additions of the direct algorithm; 0: not worth counting
  double bytes = 0;  // that it must at least read and write
};

/// Runs the operations in order, `rounds` times, and takes the median time of each.
std::vector<OperationTime> time_operations(const std::vector<Operation>& operations, int rounds);

/// Operations in order and buffers in one arena, as text.
std::string describe(const std::string& heading, const std::vector<Operation>& operations,
                     const ArenaLayout& arena);

}  // namespace bart
