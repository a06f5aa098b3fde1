#pragma once

#include <filesystem>

#include "bart/network/architecture.h"

namespace bart {

/// Seconds from the start of `program predict PICTURE` until it has written its answer to stdout, the median
/// of `rounds` after one that brings the files into the system's cache. The model is one of initial weights
/// in a .pth, the picture a drawn one. Throws Error when the program does not answer.
double start_up_seconds(const std::filesystem::path& program, const Architecture& architecture, int rounds);

}  // namespace bart
