#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "bart/engine/device.h"

namespace bart {

/// What a network is to be computed by.
struct ChosenDevice {
  std::shared_ptr<Device> device = nullptr;  // nullptr: this computer's processor
  std::string note = {};  // why a GPU that is there is not used: a sentence; empty: there is nothing to say
};

/// The device of this name, see DeviceName. Throws Error for another text and, unless it is "auto", as
/// open_gpu().
ChosenDevice choose_device(std::string_view name);

/// The sentence about a GPU that "auto" would have taken if it had not failed in this way.
std::string processor_instead(std::string_view failure);

}  // namespace bart
