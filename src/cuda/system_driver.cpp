#include <dlfcn.h>
#include <fmt/format.h>

#include "bart/cuda/open_gpu.h"
#include "driver.h"

namespace bart::cuda {
namespace {

constexpr const char* library = "libcuda.so.1";

void* open_library() {
  void* opened = ::dlopen(library, RTLD_NOW | RTLD_LOCAL);
  if (opened == nullptr) throw NoGpuError(fmt::format("NVIDIA's driver is not installed: {}", ::dlerror()));
  return opened;
}

template <class Function>
void find(void* opened, const char* symbol, Function& function) {
  function = reinterpret_cast<Function>(::dlsym(opened, symbol));
  if (function != nullptr) return;
  throw Error(fmt::format("NVIDIA's driver is too old: its {} has no {}", library, symbol));
}

Driver load() {
  void* opened = open_library();
  Driver driver{};
#define BART_DRIVER_FIND(name, symbol, parameters) find(opened, #symbol, driver.name);
  BART_DRIVER_FUNCTIONS(BART_DRIVER_FIND)
#undef BART_DRIVER_FIND
  return driver;
}

}  // namespace

const Driver& system_driver() {
  static const Driver driver = load();
  return driver;
}

}  // namespace bart::cuda
