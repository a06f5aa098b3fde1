#pragma once

#include <filesystem>
#include <string>

#include "bart/network/architecture.h"

namespace bart {

/// The seconds from the start of `program predict PICTURE --device DEVICE` until the prediction is on stdout:
/// the median of `rounds` after a first time that brings the files into the system's cache. The model is a
/// .pth with initial weights, the picture is drawn. Throws Error when the program prints no prediction.
double start_up_seconds(const std::filesystem::path& program, const std::string& device,
                        const Architecture& architecture, int rounds);

}  // namespace bart
