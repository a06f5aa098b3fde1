#pragma once

#include <memory>
#include <string>

#include "bart/engine/backend.h"
#include "bart/engine/precision.h"
#include "bart/network/architecture.h"

namespace bart {

/// How fast a device is at most, measured.
struct DeviceSpeed {
  double flops_per_second;  // multiplications and additions of its fastest product of large matrices
  double bytes_per_second;  // of a copy in its memory, read plus written
};

/// What executes networks instead of this computer's processor.
class Device {
 public:
  virtual ~Device() = default;

  virtual std::string name() const = 0;  // "NVIDIA H100 80GB HBM3"
  /// A backend that trains and evaluates in these precisions, and may outlive the device. Throws Error when
  /// the network or a precision cannot be executed, or the device has not enough memory.
  virtual std::unique_ptr<Backend> backend(const Architecture& architecture, Precision training,
                                           Precision evaluation) = 0;
  /// Measures it, with factors in this precision. Throws Error when the device fails.
  virtual DeviceSpeed speed(Precision precision) = 0;
};

}  // namespace bart
