#pragma once

#include <memory>

#include "bart/engine/device.h"
#include "bart/engine/precision.h"
#include "context.h"

namespace bart::cuda {

/// Device::speed(): the product is a large convolution with BART's own kernel.
DeviceSpeed speed_of(const std::shared_ptr<const Context>& context, Precision precision);

}  // namespace bart::cuda
