#include "bart/bench/operation_times.h"
#include <algorithm>

#include "bart/platform/error.h"
#include "bart/platform/timing.h"

namespace bart {

std::vector<OperationTime> time_operations(const std::vector<Operation>& operations, int rounds) {
  if (!std::ranges::all_of(operations, [](const Operation& operation) { return !!operation.run; }))
    throw Error("an operation without work cannot be timed");
  std::vector<std::vector<double>> seconds(operations.size());
  for (int round = 0; round < rounds; ++round) {
    for (std::size_t i = 0; i < operations.size(); ++i) seconds[i].push_back(seconds_of(operations[i].run));
  }
  std::vector<OperationTime> times;
  for (std::size_t i = 0; i < operations.size(); ++i) {
    const Operation& operation = operations[i];
    times.push_back({operation.name, operation.implementation, median_of(seconds[i]), operation.flops,
                     operation.bytes, operation.multiplications, operation.multiplied_in});
  }
  return times;
}

}  // namespace bart
