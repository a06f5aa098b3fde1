#include "bart/cuda/open_gpu.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <filesystem>
#include <vector>

#include "plugin.h"

namespace bart {
namespace {

namespace fs = std::filesystem;

/// Where the plugin may lie.
std::vector<fs::path> places() {
  std::error_code unknown;
  const fs::path program = fs::read_symlink("/proc/self/exe", unknown).parent_path();
  const fs::path prefix = program.parent_path();
  return {program / "../cuda" / cuda_plugin_file,  // in a build
          prefix / BART_PLUGIN_FOLDER / cuda_plugin_file, prefix / "lib/bart" / cuda_plugin_file};
}

}  // namespace

std::shared_ptr<Device> open_gpu_with(const fs::path& plugin, int number) {
  // It stays open until the program ends: devices and backends are its code.
  void* opened = ::dlopen(plugin.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (opened == nullptr) throw Error(fmt::format("cannot load {}: {}", plugin.string(), ::dlerror()));
  const auto open = reinterpret_cast<OpenGpuFunction>(::dlsym(opened, open_gpu_function));
  if (open == nullptr) {
    throw Error(fmt::format("{} is of another version of BART: install the same version", plugin.string()));
  }
  return std::shared_ptr<Device>(open(number));
}

std::shared_ptr<Device> open_gpu(int number) {
  for (const fs::path& place : places()) {
    std::error_code unknown;
    if (fs::exists(place, unknown)) return open_gpu_with(place, number);
  }
  throw NoGpuError(
      fmt::format("BART's part for GPUs, {}, is not installed: install the package bart-trainer-cuda, or "
                  "build BART with nvcc",
                  cuda_plugin_file));
}

}  // namespace bart
