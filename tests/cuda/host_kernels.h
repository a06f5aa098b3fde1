#pragma once

#include <cstddef>
#include <span>

namespace bart::cuda {

/// A kernel of the plugin, compiled for the processor.
struct HostKernel {
  const char* name;
  int threads;                                                             // of a block
  std::size_t arguments_bytes;                                             // of its struct of arguments
  void (*run)(unsigned x, unsigned y, unsigned z, const void* arguments);  // on a grid of blocks
};

std::span<const HostKernel> host_kernels();

}  // namespace bart::cuda
