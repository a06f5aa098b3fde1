#pragma once

#include <memory>

#include "bart/engine/device.h"
#include "bart/platform/error.h"

namespace bart {

/// There is no GPU here that BART could use at all: BART's part for GPUs, the driver or the GPU itself is
/// missing.
class NoGpuError : public Error {
 public:
  using Error::Error;
};

/// The NVIDIA GPU with this number, from 0. BART's part for GPUs is a plugin, libbart-cuda.so, which is
/// looked for beside the program (in a build), and in ../lib/<system>/bart and ../lib/bart (installed).
/// Throws NoGpuError, and Error when the GPU is there but cannot be used: the driver is too old, another
/// process has the GPU for itself, the plugin is of another version.
std::shared_ptr<Device> open_gpu(int number);

}  // namespace bart
