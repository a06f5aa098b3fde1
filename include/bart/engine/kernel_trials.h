#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "bart/engine/engine.h"
#include "bart/network/architecture.h"

namespace bart {

/// One way to compute a layer in one direction, without the rest of the network.
struct KernelTrial {
  std::string implementation;
  std::vector<std::size_t> reads, writes;  // bytes of each block of memory
  /// Binds the kernel to blocks of at least these sizes, on 64-byte boundaries. The result can be called
  /// any number of times, as long as the blocks exist.
  std::function<std::function<void()>(const std::vector<void*>& read, const std::vector<void*>& written)>
      bind;

  double bytes() const;  // of all blocks
};

/// All ways to compute one operation of a plan.
struct OperationTrials {
  std::string name;  // of the operation: "block1.0 forward"
  double flops;      // multiplications and additions of the direct algorithm
  std::vector<KernelTrial> kernels;
};

/// For each convolution and linear layer of a training step (else of an evaluation) in each direction: BART's
/// kernels, and those that oneDNN has in each of its layouts and algorithms. Throws Error when the network or
/// the options cannot be executed.
std::vector<OperationTrials> kernel_trials(const Architecture& architecture, const EngineOptions& options,
                                           int batch_size, bool training);

}  // namespace bart
