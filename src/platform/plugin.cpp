#include "bart/platform/plugin.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include "bart/platform/error.h"

namespace bart {

namespace fs = std::filesystem;

fs::path find_plugin(const char* in_build, const char* file) {
  std::error_code unknown;
  const fs::path program = fs::read_symlink("/proc/self/exe", unknown).parent_path();
  const fs::path prefix = program.parent_path();
  for (const fs::path& place :
       {program / ".." / in_build / file, prefix / BART_PLUGIN_FOLDER / file, prefix / "lib/bart" / file}) {
    if (fs::exists(place, unknown)) return place;
  }
  return {};
}

void* plugin_function(const fs::path& plugin, const char* name, PluginSymbols symbols) {
  void* opened =
      ::dlopen(plugin.c_str(), RTLD_NOW | (symbols == PluginSymbols::global ? RTLD_GLOBAL : RTLD_LOCAL));
  if (opened == nullptr) throw Error(fmt::format("cannot load {}: {}", plugin.string(), ::dlerror()));
  void* function = ::dlsym(opened, name);
  if (function == nullptr) {
    throw Error(fmt::format("{} is of another version of BART: install the same version", plugin.string()));
  }
  return function;
}

}  // namespace bart
