#pragma once

#include <span>
#include <vector>

#include "bart/pictures/picture.h"

namespace bart {

/// The perceived brightness of each pixel, from 0 to 1: sqrt(0.241 R² + 0.691 G² + 0.068 B²), as CleanVision
/// computes it (https://github.com/cleanlab/cleanvision).
std::vector<float> light_of(const Picture& picture);

/// The brightness that 99 of 100 pixels do not exceed. Below 0.32 CleanVision calls a picture dark.
double brightness_of(std::span<const float> light);

/// The variance of the Laplacian of `light`, of a picture with rows of `width` pixels: Pech-Pacheco et al.,
/// Diatom autofocusing in brightfield microscopy, ICPR 2000.
double sharpness_of(std::span<const float> light, int width);

}  // namespace bart
