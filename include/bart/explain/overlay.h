#pragma once

#include <array>

#include "bart/explain/grad_cam.h"
#include "bart/pictures/picture.h"

namespace bart {

/// The picture with the map over it: parts that count little are dimmed, parts that count much are coloured,
/// from blue over green to red (Mikhailov's Turbo). The map is normalized and enlarged bilinearly, as
/// PyTorch's interpolate(…, align_corners=False).
Picture overlay(const Picture& picture, const ClassActivationMap& map);

/// The colour of overlay() for parts that count this much, from 0 to 1.
std::array<double, 3> heat_colour(double value);

}  // namespace bart
