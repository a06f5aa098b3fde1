#pragma once

#include <filesystem>
#include <memory>

#include "bart/engine/device.h"

namespace bart {

// What the program and its CUDA plugin agree on. The plugin is built with the program; the name of its
// function has the version, so that another one is not taken.

inline constexpr const char* cuda_plugin_file = "libbart-cuda.so";
inline constexpr const char* open_gpu_function = "bart_open_gpu_" BART_PLUGIN_VERSION;

/// The caller owns the result.
using OpenGpuFunction = Device* (*)(int number);

/// Opens a GPU through the plugin in this file. Throws as open_gpu().
std::shared_ptr<Device> open_gpu_with(const std::filesystem::path& plugin, int number);

}  // namespace bart
