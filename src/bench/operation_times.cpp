#include "bart/bench/operation_times.h"

#include <algorithm>

#include "bart/platform/error.h"
#include "bart/platform/timing.h"

namespace bart {

std::vector<OperationTime> time_operations(const std::vector<Operation>& operations, int rounds) {
  if (!std::ranges::all_of(operations, [](const Operation& operation) { return !!operation.run; }))
    throw Error("an operation without work cannot be timed");
  std::vector<OperationTime> times;
  std::vector<std::size_t> places;  // in times, of each operation
  for (const Operation& operation : operations) {
    const auto found = std::ranges::find(times, operation.name, &OperationTime::name);
    places.push_back(static_cast<std::size_t>(found - times.begin()));
    if (found == times.end()) {
      times.push_back({operation.name, operation.implementation, 0, operation.flops, operation.bytes,
                       operation.multiplications, operation.multiplied_in, operation.kernels});
    } else {
      found->flops += operation.flops;
      found->bytes += operation.bytes;
      found->multiplications += operation.multiplications;
    }
  }
  std::vector<std::vector<double>> seconds(times.size());
  for (int round = 0; round < rounds; ++round) {
    for (std::vector<double>& of_rounds : seconds) of_rounds.push_back(0);
    for (std::size_t i = 0; i < operations.size(); ++i)
      seconds[places[i]].back() += seconds_of(operations[i].run);
  }
  for (std::size_t i = 0; i < times.size(); ++i) times[i].seconds = median_of(seconds[i]);
  return times;
}

}  // namespace bart
