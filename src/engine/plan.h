#pragma once

#include <functional>
#include <string>
#include <vector>

#include "arena.h"

namespace bart {

/// One step of a plan: what it is, which kernel does it, and the call itself.
struct Operation {
  std::string name;            // "block1.0 forward"
  std::string implementation;  // oneDNN's own name of its kernel, or "bart"
  std::function<void()> run;   // empty until the plan is bound to memory
};

/// Operations in order and buffers in one arena, as text.
std::string describe(const std::string& heading, const std::vector<Operation>& operations,
                     const ArenaLayout& arena);

}  // namespace bart
