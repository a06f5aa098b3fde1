#pragma once

#include "bart/explain/grad_cam.h"
#include "bart/pictures/picture.h"

namespace bart {

/// The picture with the map over it: what counts little is dimmed, what counts much is coloured, from blue
/// over green to red (Mikhailov's Turbo). The map is normalized and enlarged bilinearly, as PyTorch's
/// interpolate(…, align_corners=False).
Picture overlay(const Picture& picture, const ClassActivationMap& map);

}  // namespace bart
