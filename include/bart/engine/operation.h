#pragma once

#include <functional>
#include <string>

#include "bart/engine/precision.h"

namespace bart {

/// One operation of a plan: what it is, which kernel does it, and the call itself.
struct Operation {
  std::string name;            // "block1.0 forward"
  std::string implementation;  // oneDNN's own name of its kernel, or "bart"
  std::function<void()> run;
  double flops = 0;  // multiplications and additions of the direct algorithm; 0: not worth counting
  double bytes = 0;  // that it must at least read and write
  // What its algorithm multiplies: Winograd's F(4x4, 3x3) makes 36 multiplications where the direct algorithm
  // makes 144.
  double multiplications = 0;
  Precision multiplied_in = Precision::f32;
};

}  // namespace bart
