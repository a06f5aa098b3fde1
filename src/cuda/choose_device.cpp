#include "bart/cuda/choose_device.h"

#include <fmt/format.h>

#include "bart/cuda/open_gpu.h"
#include "bart/engine/device_name.h"
#include "bart/platform/printable.h"

namespace bart {

std::string processor_instead(std::string_view failure) {
  return fmt::format("Computing on the processor: {}", failure);
}

ChosenDevice choose_device(std::string_view text) {
  const auto name = parse_device_name(text);
  if (!name)
    throw Error(fmt::format("there is no device {}: name auto, cpu, cuda or cuda:1", printable(text)));
  if (name->kind == DeviceName::Kind::processor) return {};
  if (name->kind == DeviceName::Kind::gpu) return {.device = open_gpu(name->gpu)};
  try {
    return {.device = open_gpu(0)};
  } catch (const NoGpuError&) {
    return {};
  } catch (const Error& error) {
    return {.note = processor_instead(error.what())};
  }
}

}  // namespace bart
