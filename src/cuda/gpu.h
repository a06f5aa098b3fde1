#pragma once

#include <memory>

#include "bart/engine/device.h"
#include "driver.h"

namespace bart::cuda {

/// The GPU with this number, on a driver. `image` is a fat binary of the kernels, for drivers of at least
/// `needed_version` (13000: CUDA 13.0). Throws as open_gpu().
std::unique_ptr<Device> make_gpu(const Driver& driver, const void* image, int needed_version, int number);

}  // namespace bart::cuda
