#pragma once

#include <functional>
#include <string>
#include <vector>

#include "bart/engine/precision.h"

namespace bart {

/// An operation of a plan: its name, its kernel, and the call itself.
struct Operation {
  std::string name;            // "block1.0 forward"
  std::string implementation;  // oneDNN's own name of its kernel, or "bart"
  std::function<void()> run;
  double flops = 0;  // multiplications and additions of the direct algorithm; 0: negligible
  double bytes = 0;  // the least that it reads and writes
  // The multiplications of its algorithm: Winograd's F(4x4, 3x3) needs 36 where the direct algorithm needs
  // 144.
  double multiplications = 0;
  Precision multiplied_in = Precision::f32;
  /// Where it does the work of several kernels: the names of their operations for a whole batch.
  std::vector<std::string> kernels = {};
};

}  // namespace bart
