#pragma once

#include <cstdint>

#include "bart/pictures/decode.h"
#include "checked.h"
#include "tiff_pixels.h"

namespace bart {

/// Decodes a compressed TIFF's first picture through libtiff into `picture`, which has its size. Throws
/// PictureError.
void decode_with_libtiff(Bytes file, const TiffPixels& layout, const Palette& palette, Picture& picture);

}  // namespace bart
