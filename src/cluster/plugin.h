#pragma once

#include <chrono>

#include "bart/cluster/join.h"

namespace bart {

// What the program and its MPI plugin agree on. The plugin is built with the program; the name of its
// function has the version, so that another one is not taken.

inline constexpr const char* plugin_file = "bart-mpi.so";
inline constexpr const char* join_function = "bart_join_" BART_PLUGIN_VERSION;

/// The caller owns the result.
using JoinFunction = JoinedGroup* (*)(std::chrono::seconds timeout);

}  // namespace bart
