#pragma once

#include <vector>

#include "bart/bench/operation_times.h"
#include "bart/engine/device.h"
#include "bart/engine/engine.h"
#include "bart/network/architecture.h"
#include "bart/platform/progress.h"

namespace bart {

/// The least time that the work of a network takes on this machine with the existing kernels: each
/// convolution and linear layer is timed alone in each direction, with the fastest algorithm and layout of
/// oneDNN or BART's own kernel. The memory traffic of the passes between them is added, which cannot be
/// faster than a copy.
struct Limit {
  std::vector<OperationTime> kernels;  // named as the operations of a plan
  /// BatchNorm, ReLU, pooling and dropout in one pass per direction: forward reads the output of a
  /// convolution and writes the activation; backward reads the output and the gradient of the activation and
  /// writes the gradient of the output.
  double pass_bytes;
  /// Reads parameters, gradients and two moments, and writes all but the gradients; 0 in evaluation.
  double adam_bytes;
};

struct LimitOptions {
  int batch_size = 32;
  EngineOptions engine = {};
  bool training = true;  // false: evaluation, the forward pass with BatchNorm inside the convolutions
  int rounds = 10;
};

/// The same of a network on a device, at the speed of its fastest matrix product.
Limit limit_on(const DeviceSpeed& speed, const Architecture& architecture, const LimitOptions& options);

/// Calls `progress(done, total)` after each kernel. Throws Error when the network cannot be executed with
/// these options.
Limit measure_limit(const Architecture& architecture, const LimitOptions& options,
                    const OnProgress& progress = {});

/// The speed of a copy between two blocks larger than all caches on `threads` threads, in bytes per second,
/// read plus written: the median of `rounds`.
double copy_bytes_per_second(int threads, int rounds);

/// The time of a limit at this bandwidth.
double limit_seconds(const Limit& limit, double copy_bytes_per_second);

/// Lowers the time of kernels that ran faster among `operations` than alone.
void take_faster(Limit& limit, const std::vector<OperationTime>& operations);

}  // namespace bart
