#include "bart/cluster/join.h"

#include <fmt/format.h>

#include <filesystem>

#include "bart/platform/error.h"
#include "bart/platform/plugin.h"
#include "plugin.h"

namespace bart {

std::unique_ptr<JoinedGroup> join_group(std::chrono::seconds timeout) {
  const std::filesystem::path plugin = find_plugin("mpi", plugin_file);
  if (plugin.empty()) {
    throw Error(fmt::format(
        "a launcher started this process as one of several, but BART's part for that, {}, is not installed: "
        "install the package bart-trainer-mpi, or build BART with libopenmpi-dev",
        plugin_file));
  }
  // Open MPI opens plugins of its own, which look for its symbols among the global ones.
  const auto join =
      reinterpret_cast<JoinFunction>(plugin_function(plugin, join_function, PluginSymbols::global));
  return std::unique_ptr<JoinedGroup>(join(timeout));
}

}  // namespace bart
