#include "bart/cluster/join.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <filesystem>
#include <string>
#include <vector>

#include "bart/platform/error.h"
#include "plugin.h"

namespace bart {
namespace {

namespace fs = std::filesystem;

/// Where the plugin may lie.
std::vector<fs::path> places() {
  std::error_code unknown;
  const fs::path program = fs::read_symlink("/proc/self/exe", unknown).parent_path();
  const fs::path prefix = program.parent_path();
  return {program / "../mpi" / plugin_file,  // in a build
          prefix / BART_PLUGIN_FOLDER / plugin_file, prefix / "lib/bart" / plugin_file};
}

}  // namespace

std::unique_ptr<JoinedGroup> join_group(std::chrono::seconds timeout) {
  for (const fs::path& place : places()) {
    std::error_code unknown;
    if (!fs::exists(place, unknown)) continue;
    // Open MPI opens plugins of its own, which look for its symbols among the global ones.
    void* plugin = ::dlopen(place.c_str(), RTLD_NOW | RTLD_GLOBAL);
    if (plugin == nullptr) throw Error(fmt::format("cannot load {}: {}", place.string(), ::dlerror()));
    const auto join = reinterpret_cast<JoinFunction>(::dlsym(plugin, join_function));
    if (join == nullptr) {
      throw Error(fmt::format("{} is of another version of BART: install the same version", place.string()));
    }
    return std::unique_ptr<JoinedGroup>(join(timeout));
  }
  throw Error(fmt::format(
      "a launcher started this process as one of several, but BART's part for that, {}, is not installed: "
      "install the package bart-trainer-mpi, or build BART with libopenmpi-dev",
      plugin_file));
}

}  // namespace bart
