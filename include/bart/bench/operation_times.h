#pragma once

#include <string>
#include <vector>

#include "bart/engine/operation.h"
#include "bart/engine/precision.h"

namespace bart {

/// The time of one operation of a plan. The other members are those of Operation.
struct OperationTime {
  std::string name;
  std::string implementation;
  double seconds;  // the median of the rounds
  double flops;
  double bytes;
  double multiplications = 0;
  Precision multiplied_in = Precision::f32;
  std::vector<std::string> kernels = {};  // as in Operation
};

/// Runs the operations in order, `rounds` times, and takes the median time of each. Operations of one name,
/// which work on parts of a batch, count as one.
std::vector<OperationTime> time_operations(const std::vector<Operation>& operations, int rounds);

}  // namespace bart
