#pragma once

#include <filesystem>

namespace bart {

/// Where a plugin of this program lies: beside the program's folder in a build, in the sub-folder `in_build`,
/// or in ../lib/<system>/bart or ../lib/bart, installed. Empty if it is in none of them.
std::filesystem::path find_plugin(const char* in_build, const char* file);

enum class PluginSymbols { local, global };  // seen by this plugin alone, or by those that are opened later

/// Opens a plugin, which stays open until the program ends, and returns its function `name`. The name has the
/// version, so that a plugin of another one is not taken. Throws Error if it cannot be loaded, or lacks the
/// function.
void* plugin_function(const std::filesystem::path& plugin, const char* name, PluginSymbols symbols);

}  // namespace bart
