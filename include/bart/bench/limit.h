#pragma once

#include <functional>
#include <vector>

#include "bart/bench/operation_times.h"
#include "bart/engine/engine.h"
#include "bart/network/architecture.h"

namespace bart {

/// The least that a network's work takes on this machine with the kernels that there are: every convolution
/// and linear layer in every direction, timed alone, by the fastest of oneDNN's algorithms and layouts or by
/// BART's own kernel, and the memory traffic of the passes between them, which cannot be faster than a copy.
struct Limit {
  std::vector<OperationTime> kernels;  // named as the operations of a plan
  /// BatchNorm, ReLU, pooling and dropout in one pass each way: forward reads a convolution's output and
  /// writes the activation, backward reads the output and the activation's gradient and writes the output's.
  double pass_bytes;
  /// Reads parameters, gradients and two moments, writes all but the gradients; none in evaluation.
  double adam_bytes;
};

struct LimitOptions {
  int batch_size = 32;
  EngineOptions engine = {};
  bool training = true;  // else evaluation: the forward pass, BatchNorm in the convolutions
  int rounds = 10;
};

/// `progress(done, total)` comes after each kernel. Throws Error when the network or the options cannot be
/// executed.
Limit measure_limit(const Architecture& architecture, const LimitOptions& options,
                    const std::function<void(int, int)>& progress = {});

/// Bytes per second, read plus written, of a copy between two blocks beyond all caches, on so many threads:
/// the median of `rounds`.
double copy_bytes_per_second(int threads, int rounds);

/// All of a limit at that bandwidth.
double limit_seconds(const Limit& limit, double copy_bytes_per_second);

/// Kernels that `operations` ran faster than by themselves get that time.
void take_faster(Limit& limit, const std::vector<OperationTime>& operations);

}  // namespace bart
