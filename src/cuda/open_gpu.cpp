#include "bart/cuda/open_gpu.h"

#include <fmt/format.h>

#include "bart/platform/plugin.h"
#include "plugin.h"

namespace bart {

std::shared_ptr<Device> open_gpu_with(const std::filesystem::path& plugin, int number) {
  // Devices and backends are the plugin's code.
  const auto open =
      reinterpret_cast<OpenGpuFunction>(plugin_function(plugin, open_gpu_function, PluginSymbols::local));
  return std::shared_ptr<Device>(open(number));
}

std::shared_ptr<Device> open_gpu(int number) {
  const std::filesystem::path plugin = find_plugin("cuda", cuda_plugin_file);
  if (plugin.empty()) {
    throw NoGpuError(
        fmt::format("BART's part for GPUs, {}, is not installed: install the package bart-trainer-cuda, or "
                    "build BART with nvcc",
                    cuda_plugin_file));
  }
  return open_gpu_with(plugin, number);
}

}  // namespace bart
