#pragma once

#include "bart/dataset/load.h"

namespace bart {

/// Throws Error when a picture has no pixels. For functions that take pictures from a caller.
void check_pixels(const LoadedPictures& pictures);

}  // namespace bart
